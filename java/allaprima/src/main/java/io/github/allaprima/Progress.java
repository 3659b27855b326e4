package io.github.allaprima;

/** Is told of each denoising step, on the thread that called {@code generate}. */
@FunctionalInterface
public interface Progress {
  /**
   * Takes note of a step, while the next one is being done; the one after that waits until it
   * returns. What it throws ends the generation and reaches the caller of {@code generate} as it
   * is; the pipeline stays usable. After a cancel it is told of no more steps.
   *
   * @param step the step that was just done
   */
  void onStep(Step step);
}
