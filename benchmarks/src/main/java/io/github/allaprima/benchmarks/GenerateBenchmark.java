package io.github.allaprima.benchmarks;

import io.github.allaprima.Image;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** A whole generation through the public API, without optimisations: prompt in, RGB bytes out. */
@Fork(3)
public class GenerateBenchmark extends Drawing {
  @Param({"fp32", "bf16"})
  String precision;

  @Setup
  public void open() {
    use(
        switch (precision) {
          case "fp32" -> builder().fp32().build();
          case "bf16" -> builder().bf16().build();
          default ->
              throw new IllegalArgumentException("precision: fp32 or bf16, not " + precision);
        });
  }

  @Benchmark
  public List<Image> generate() {
    return draw();
  }
}
