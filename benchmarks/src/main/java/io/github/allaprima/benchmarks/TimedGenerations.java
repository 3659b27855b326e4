package io.github.allaprima.benchmarks;

import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.Request;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;

/**
 * The Java side of {@code benchmarks/java-overhead}: for each line on standard input one
 * generation, then a line with its seconds and a checksum of the picture. Its peer is {@code
 * allaprima-smoke --timed}, which does the same with the C API.
 */
final class TimedGenerations {
  private TimedGenerations() {}

  /** Arguments: model, steps, seed, threads. */
  public static void main(String[] args) throws IOException {
    Path model = Path.of(args[0]);
    int steps = Integer.parseInt(args[1]);
    long seed = Long.parseUnsignedLong(args[2]);
    int threads = Integer.parseInt(args[3]);
    Request request = Request.of("a red apple").steps(steps).guidance(3).seed(seed);
    InputStreamReader input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
    try (BufferedReader lines = new BufferedReader(input);
        Pipeline pipeline = Pipeline.builder().model(model).fp32().threads(threads).build()) {
      while (lines.readLine() != null) {
        long start = System.nanoTime();
        Image image = pipeline.generate(request);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.println(seconds + " " + checksum(image.rgb()));
      }
    }
  }

  private static String checksum(byte[] rgb) {
    CRC32 crc = new CRC32();
    crc.update(rgb);
    return "%08x".formatted(crc.getValue());
  }
}
