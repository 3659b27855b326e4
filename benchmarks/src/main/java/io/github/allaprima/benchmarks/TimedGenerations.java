package io.github.allaprima.benchmarks;

import io.github.allaprima.Device;
import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.PipelineBuilder;
import io.github.allaprima.Request;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The Java side of {@code benchmarks/java-overhead}: for each line on standard input one
 * generation, then a line with its seconds and a checksum of the picture. Its peer is {@code
 * allaprima-smoke --timed}, which does the same with the C API.
 */
final class TimedGenerations {
  private TimedGenerations() {}

  /** Arguments: model, steps, seed, threads, and any of cuda, bf16, compile. */
  public static void main(String[] args) throws IOException {
    Path model = Path.of(args[0]);
    int steps = Integer.parseInt(args[1]);
    long seed = Long.parseUnsignedLong(args[2]);
    int threads = Integer.parseInt(args[3]);
    List<String> words = List.of(args).subList(4, args.length);
    Request request = Request.of("a red apple").steps(steps).guidance(3).seed(seed);
    InputStreamReader input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
    try (BufferedReader lines = new BufferedReader(input);
        Pipeline pipeline = open(model, threads, words)) {
      while (lines.readLine() != null) {
        long start = System.nanoTime();
        Image image = pipeline.generate(request);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.println(seconds + " " + checksum(image.rgb()));
      }
    }
  }

  private static Pipeline open(Path model, int threads, List<String> words) {
    PipelineBuilder builder = Pipeline.builder().model(model).threads(threads);
    builder.device(words.contains("cuda") ? Device.cuda(0) : Device.cpu());
    if (words.contains("bf16")) {
      builder.bf16();
    } else {
      builder.fp32();
    }
    return words.contains("compile") ? builder.compile() : builder.build();
  }

  private static String checksum(byte[] rgb) {
    CRC32 crc = new CRC32();
    crc.update(rgb);
    return "%08x".formatted(crc.getValue());
  }
}
