package io.github.allaprima;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What to draw. Immutable: the methods that change a value return a copy.
 *
 * @param prompt the text; words beyond the tokenizer's limit are left out and listed in the report
 * @param negativePrompt what to keep away from. Absent and empty are different pictures: absent
 *     means zeros in place of an embedding, "" means the embedding of the empty text
 * @param size of the picture; absent: the model's own
 * @param steps number of denoising steps, 1 to 1000
 * @param guidance classifier-free guidance scale, finite; at or below 1 it is off. A model whose
 *     UNet takes the scale as an input (LCM) is told it, and looks at no negative prompt
 * @param seed of the noise, read as an unsigned number of 64 bits; absent: another one each time,
 *     to be found in {@link Image#request}
 * @param latents a safetensors file whose {@code latents} [1, 4, height/8, width/8] is the unscaled
 *     N(0,1) noise to start from in place of the seed's
 */
public record Request(
    String prompt,
    Optional<String> negativePrompt,
    Optional<Size> size,
    int steps,
    double guidance,
    OptionalLong seed,
    Optional<Path> latents) {
  /** Number of steps when none is asked for. */
  public static final int DEFAULT_STEPS = 30;

  /** Guidance scale when none is asked for. */
  public static final double DEFAULT_GUIDANCE = 5.0;

  private static final int MAX_STEPS = 1000;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is out of its range
   * @throws NullPointerException when one is null
   */
  public Request {
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(negativePrompt, "negativePrompt");
    Objects.requireNonNull(size, "size");
    Objects.requireNonNull(seed, "seed");
    Objects.requireNonNull(latents, "latents");
    if (steps < 1 || steps > MAX_STEPS) {
      throw new IllegalArgumentException("steps must be 1 to " + MAX_STEPS + ", not " + steps);
    }
    if (!Double.isFinite(guidance)) {
      throw new IllegalArgumentException("guidance must be finite, not " + guidance);
    }
  }

  /**
   * Returns a request with defaults for all but the prompt.
   *
   * @param prompt the text
   * @return 30 steps, guidance 5, the model's own size, a seed of its own each time
   */
  public static Request of(String prompt) {
    return new Request(
        prompt,
        Optional.empty(),
        Optional.empty(),
        DEFAULT_STEPS,
        DEFAULT_GUIDANCE,
        OptionalLong.empty(),
        Optional.empty());
  }

  /**
   * Returns a copy with a negative prompt.
   *
   * @param text what to keep away from; "" is the embedding of the empty text
   * @return the copy
   */
  public Request negativePrompt(String text) {
    return new Request(prompt, Optional.of(text), size, steps, guidance, seed, latents);
  }

  /**
   * Returns a copy with a size.
   *
   * @param width in pixels, at least 1, a multiple of the model's factor
   * @param height in pixels, as the width
   * @return the copy
   * @throws IllegalArgumentException when one is below 1
   */
  public Request size(int width, int height) {
    Optional<Size> other = Optional.of(new Size(width, height));
    return new Request(prompt, negativePrompt, other, steps, guidance, seed, latents);
  }

  /**
   * Returns a copy with a number of steps.
   *
   * @param count 1 to 1000
   * @return the copy
   * @throws IllegalArgumentException when out of range
   */
  public Request steps(int count) {
    return new Request(prompt, negativePrompt, size, count, guidance, seed, latents);
  }

  /**
   * Returns a copy with a guidance scale.
   *
   * @param scale finite; at or below 1 guidance is off
   * @return the copy
   * @throws IllegalArgumentException when not finite
   */
  public Request guidance(double scale) {
    return new Request(prompt, negativePrompt, size, steps, scale, seed, latents);
  }

  /**
   * Returns a copy with a seed. The same request with the same seed is the same picture.
   *
   * @param value any, read as an unsigned number of 64 bits
   * @return the copy
   */
  public Request seed(long value) {
    OptionalLong other = OptionalLong.of(value);
    return new Request(prompt, negativePrompt, size, steps, guidance, other, latents);
  }

  /**
   * Returns a copy that starts from given noise.
   *
   * @param file a safetensors file with {@code latents} [1, 4, height/8, width/8]
   * @return the copy
   */
  public Request latents(Path file) {
    Optional<Path> other = Optional.of(file);
    return new Request(prompt, negativePrompt, size, steps, guidance, seed, other);
  }
}
