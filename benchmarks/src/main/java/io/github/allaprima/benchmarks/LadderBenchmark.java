package io.github.allaprima.benchmarks;

import io.github.allaprima.Image;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** A whole generation, rung by rung. {@code benchmarks/ladder} has the peers beside them. */
@Fork(2)
public class LadderBenchmark extends Drawing {
  @Param Rung rung;

  @Setup
  public void open() {
    use(rung.open(builder()));
  }

  @Benchmark
  public List<Image> generate() {
    return draw();
  }
}
