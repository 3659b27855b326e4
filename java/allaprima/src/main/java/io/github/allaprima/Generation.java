package io.github.allaprima;

import io.github.allaprima.internal.Events;
import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.NativeRun;
import io.github.allaprima.internal.NativeRun.Pixels;
import io.github.allaprima.internal.WholeFile;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/** One generation from begin to end; Java drives the loop. */
final class Generation {
  /** Seeds of our own choice stay short enough to be typed. */
  private static final long SEEDS = 1L << 32;

  private final NativePipeline pipeline;
  private final PipelineInfo info;
  private final Request request;
  private final RunOptions options;

  Generation(NativePipeline pipeline, PipelineInfo info, Request request, RunOptions options) {
    this.pipeline = pipeline;
    this.info = info;
    this.request = request;
    this.options = options;
  }

  List<Image> run() {
    Request complete = seeded(withDefaults(request));
    int width = complete.size().map(Size::width).orElse(0);
    int height = complete.size().map(Size::height).orElse(0);
    int steps = complete.steps().orElseThrow();
    Events.Span event = Events.generate(complete.images(), width, height, steps);
    try {
      List<Image> images = run(complete);
      event.end("drawn");
      return images;
    } catch (RuntimeException | Error e) {
      event.end(e);
      throw e;
    }
  }

  private List<Image> run(Request complete) {
    long start = System.nanoTime();
    options.saveLatents().ifPresent(WholeFile::check);
    try (NativeRun run = pipeline.begin(complete)) {
      Runnable cancel = run::cancel;
      options.cancellation().attach(cancel);
      try {
        checkWanted();
        return draw(run, complete, start);
      } finally {
        options.cancellation().detach(cancel);
      }
    }
  }

  /** Nothing ends the wait for a busy engine while the run begins: looked at when it has. */
  private void checkWanted() {
    if (isUnwanted(options)) {
      throw new CancelledException("The generation was cancelled before its first step.");
    }
  }

  static boolean isUnwanted(RunOptions options) {
    return options.cancellation().isCancelled() || Thread.currentThread().isInterrupted();
  }

  private Request withDefaults(Request request) {
    return request
        .steps(request.steps().orElse(info.steps()))
        .guidance(request.guidance().orElse(info.guidance()));
  }

  private static Request seeded(Request request) {
    if (request.latents().isPresent()) {
      return request.withoutSeeds();
    }
    if (request.seed().isPresent() || !request.seeds().isEmpty()) {
      return request;
    }
    long[] seeds = ThreadLocalRandom.current().longs(request.images(), 0, SEEDS).toArray();
    return seeds.length == 1 ? request.seed(seeds[0]) : request.seeds(seeds);
  }

  private List<Image> draw(NativeRun run, Request complete, long start) {
    int total = run.totalSteps();
    run.steps(
        completed -> {
          Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
          options.progress().onStep(new Step(completed, total, elapsed));
        });
    Pixels pixels = run.finish();
    options.saveLatents().ifPresent(run::saveLatents);
    Request sized = complete.size(pixels.width(), pixels.height());
    Report report = Report.parse(run.report());
    return IntStream.range(0, pixels.images())
        .mapToObj(index -> image(pixels, index, alone(sized, index), report))
        .toList();
  }

  private static Image image(Pixels pixels, int index, Request drawn, Report report) {
    return new Image(pixels.width(), pixels.height(), pixels.rgb(index), index, drawn, report);
  }

  /** Asks for one of the pictures, where it has a seed of its own; else for all. */
  private static Request alone(Request drawn, int index) {
    if (drawn.seeds().isEmpty()) {
      return drawn;
    }
    return drawn.seed(drawn.seeds().get(index)).images(1);
  }
}
