package io.github.allaprima.benchmarks;

import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineBuilder;
import io.github.allaprima.Request;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** An open pipeline and what it draws, timed picture by picture; subclasses open it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
public abstract class Drawing {
  /** A diffusers folder; without it, the model that ships. */
  @Param("")
  String model;

  @Param("25")
  int steps;

  /** Both sides, in pixels. */
  @Param("128")
  int size;

  @Param("1")
  int batch;

  /** Of the processor; 0 is the library's choice. */
  @Param("0")
  int threads;

  private Pipeline pipeline;

  /** For all but precision and optimisations. */
  PipelineBuilder builder() {
    PipelineBuilder builder = Pipeline.builder();
    if (!model.isEmpty()) {
      builder.model(Path.of(model));
    }
    if (threads > 0) {
      builder.threads(threads);
    }
    return builder;
  }

  void use(Pipeline opened) {
    pipeline = opened;
  }

  List<Image> draw() {
    return pipeline.generateAll(
        Request.of("a red apple on blue")
            .steps(steps)
            .guidance(3)
            .size(size, size)
            .images(batch)
            .seed(7));
  }

  @TearDown
  public void close() {
    pipeline.close();
  }
}
