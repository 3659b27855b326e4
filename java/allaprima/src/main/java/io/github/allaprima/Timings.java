package io.github.allaprima;

import java.time.Duration;
import java.util.List;

/**
 * Where the time of a generation went.
 *
 * @param load loading the pipeline, once for all its generations
 * @param prepare checks, noise and schedule
 * @param encode the text encoders
 * @param steps the denoising steps, one value each
 * @param decode from latents to pixels
 * @param total begin to end, without {@code load}
 */
public record Timings(
    Duration load,
    Duration prepare,
    Duration encode,
    List<Duration> steps,
    Duration decode,
    Duration total) {
  /**
   * Copies the list.
   *
   * @param load as {@link #load}
   * @param prepare as {@link #prepare}
   * @param encode as {@link #encode}
   * @param steps as {@link #steps}
   * @param decode as {@link #decode}
   * @param total as {@link #total}
   */
  public Timings {
    steps = List.copyOf(steps);
  }
}
