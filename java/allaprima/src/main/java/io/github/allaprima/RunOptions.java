package io.github.allaprima;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * How to watch, stop and keep one generation; what is drawn is in the {@link Request}.
 *
 * @param progress told of each step
 * @param cancellation stops the generation
 * @param saveLatents where to write the final latents, as safetensors: {@code latents} [images, 4,
 *     h, w] as they left the loop and {@code image} [images, 3, height, width] from 0 to 1, both
 *     fp32
 */
public record RunOptions(Progress progress, Cancellation cancellation, Optional<Path> saveLatents) {
  private static final Progress SILENT = step -> {};

  /**
   * Checks the values.
   *
   * @param progress as {@link #progress}
   * @param cancellation as {@link #cancellation}
   * @param saveLatents as {@link #saveLatents}
   * @throws NullPointerException when one is null
   */
  public RunOptions {
    Objects.requireNonNull(progress, "progress");
    Objects.requireNonNull(cancellation, "cancellation");
    Objects.requireNonNull(saveLatents, "saveLatents");
  }

  /**
   * Returns options that ask for nothing.
   *
   * @return no listener, never cancelled, no file
   */
  public static RunOptions none() {
    return new RunOptions(SILENT, new Cancellation(), Optional.empty());
  }

  /**
   * Returns a copy with a listener.
   *
   * @param listener told of each step
   * @return the copy
   */
  public RunOptions progress(Progress listener) {
    return new RunOptions(listener, cancellation, saveLatents);
  }

  /**
   * Returns a copy with a token that stops the generation.
   *
   * @param token the token
   * @return the copy
   */
  public RunOptions cancellation(Cancellation token) {
    return new RunOptions(progress, token, saveLatents);
  }

  /**
   * Returns a copy that writes the final latents.
   *
   * @param file where to; an existing file is replaced
   * @return the copy
   */
  public RunOptions saveLatents(Path file) {
    return new RunOptions(progress, cancellation, Optional.of(file));
  }
}
