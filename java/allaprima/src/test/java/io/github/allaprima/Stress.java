package io.github.allaprima;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How much the stress tests do: little in the usual run, all with {@code -Dallaprima.stress=full}.
 */
final class Stress {
  static final boolean FULL = System.getProperty("allaprima.stress", "").equals("full");

  static final Request REQUEST = Request.of("a red apple").steps(2).size(64, 64).seed(7);

  private Stress() {}

  static int count(int usual, int full) {
    return FULL ? full : usual;
  }

  static Pipeline open() {
    return open(Repository.TINY_MODEL);
  }

  static Pipeline open(Path model) {
    return Pipeline.builder().model(model).device(Device.cpu()).fp32().build();
  }

  /** Memory of this process that is in RAM, in KiB; of all kinds. */
  static long residentKib() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
