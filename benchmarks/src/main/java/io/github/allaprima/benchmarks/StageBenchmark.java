package io.github.allaprima.benchmarks;

import io.github.allaprima.Image;
import io.github.allaprima.Timings;
import java.time.Duration;
import java.util.List;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Where the time of a generation goes: encoding the prompt, a step, decoding. */
@Fork(2)
public class StageBenchmark extends Drawing {
  @Param({"BF16", "COMPILE"})
  Rung rung;

  @Setup
  public void open() {
    use(rung.open(builder()));
  }

  /** Milliseconds of one generation, as the core measured them. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Stages {
    public double encodeMs;
    public double stepMs;
    public double decodeMs;

    @Setup(Level.Iteration)
    public void reset() {
      encodeMs = stepMs = decodeMs = 0;
    }

    void add(Timings timings) {
      encodeMs += millis(timings.encode());
      double all = timings.steps().stream().mapToDouble(Stages::millis).sum();
      stepMs += all / timings.steps().size();
      decodeMs += millis(timings.decode());
    }

    private static double millis(Duration duration) {
      return duration.toNanos() / 1e6;
    }
  }

  @Benchmark
  public List<Image> generate(Stages stages) {
    List<Image> images = draw();
    stages.add(images.get(0).report().timings());
    return images;
  }
}
