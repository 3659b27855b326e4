package io.github.allaprima.benchmarks;

import io.github.allaprima.Image;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.Warmup;

/** A whole generation, rung by rung. {@code benchmarks/ladder} has the peers beside them. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(2)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
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
