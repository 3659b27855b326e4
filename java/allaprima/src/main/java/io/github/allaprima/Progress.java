package io.github.allaprima;

/** Is told of each denoising step, on the thread that called {@code generate}. */
@FunctionalInterface
public interface Progress {
  /**
   * Takes note of a step. What it throws ends the generation and reaches the caller of {@code
   * generate} as it is; the pipeline stays usable. It must return soon: the next step waits for it.
   *
   * @param step the step that was just done
   */
  void onStep(Step step);
}
