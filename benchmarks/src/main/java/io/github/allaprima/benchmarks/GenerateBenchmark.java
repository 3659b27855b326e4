package io.github.allaprima.benchmarks;

import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineBuilder;
import io.github.allaprima.Request;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A whole generation through the public API: prompt in, RGB bytes out. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
public class GenerateBenchmark {
  /** A diffusers folder; without it, the model that ships. */
  @Param("")
  String model;

  @Param({"fp32", "bf16"})
  String precision;

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
  private Request request;

  @Setup
  public void open() {
    pipeline = builder().build();
    request = Request.of("a red apple on blue").steps(steps).guidance(3).size(size, size).seed(7);
  }

  private PipelineBuilder builder() {
    PipelineBuilder builder = Pipeline.builder();
    if (!model.isEmpty()) {
      builder.model(Path.of(model));
    }
    if (threads > 0) {
      builder.threads(threads);
    }
    return switch (precision) {
      case "fp32" -> builder.fp32();
      case "bf16" -> builder.bf16();
      default -> throw new IllegalArgumentException("precision: fp32 or bf16, not " + precision);
    };
  }

  @TearDown
  public void close() {
    pipeline.close();
  }

  @Benchmark
  public List<Image> generate() {
    return pipeline.generateAll(request.images(batch));
  }
}
