package io.github.allaprima;

import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.NativeRun;
import io.github.allaprima.internal.NativeRun.Pixels;
import io.github.allaprima.internal.WholeFile;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** One generation from begin to end; Java drives the loop. */
final class Generation {
  /** Seeds of our own choice stay short enough to be typed. */
  private static final long SEEDS = 1L << 32;

  private final NativePipeline pipeline;
  private final Request request;
  private final RunOptions options;

  Generation(NativePipeline pipeline, Request request, RunOptions options) {
    this.pipeline = pipeline;
    this.request = request;
    this.options = options;
  }

  Image run() {
    long start = System.nanoTime();
    options.saveLatents().ifPresent(WholeFile::check);
    long seed = request.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong(SEEDS));
    try (NativeRun run = pipeline.begin(request, seed)) {
      Runnable cancel = run::cancel;
      options.cancellation().attach(cancel);
      try {
        checkWanted();
        return draw(run, seed, start);
      } finally {
        options.cancellation().detach(cancel);
      }
    }
  }

  /** Nothing ends the wait for a busy engine while the run begins: looked at when it has. */
  private void checkWanted() {
    if (options.cancellation().isCancelled() || Thread.currentThread().isInterrupted()) {
      throw new CancelledException("The generation was cancelled before its first step.");
    }
  }

  private Image draw(NativeRun run, long seed, long start) {
    int total = run.totalSteps();
    for (int completed = 1; completed <= total; completed++) {
      run.step();
      Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
      options.progress().onStep(new Step(completed, total, elapsed));
    }
    Pixels pixels = run.finish();
    options.saveLatents().ifPresent(run::saveLatents);
    Request drawn = request.seed(seed).size(pixels.width(), pixels.height());
    return new Image(
        pixels.width(), pixels.height(), pixels.rgb(), drawn, Report.parse(run.report()));
  }
}
