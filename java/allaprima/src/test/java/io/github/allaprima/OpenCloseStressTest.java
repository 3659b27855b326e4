package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Opening, drawing and closing again and again leaves nothing behind. */
@NativeTest
@Timeout(1800)
class OpenCloseStressTest {
  private static final int CYCLES = Stress.count(20, 1000);

  /** From here on: what is allocated once has been by then. */
  private static final int FIRST = CYCLES / 5;

  /** Runs in a process of its own, whose Java heap has one size from the beginning. */
  static final class Main {
    public static void main(String[] args) {
      Path model = Path.of(args[0]);
      long first = 0;
      for (int cycle = 1; cycle <= CYCLES; cycle++) {
        try (Pipeline pipeline = Stress.open(model)) {
          pipeline.generate(Stress.REQUEST);
        }
        SystemInfo.Live live = SystemInfo.get().live();
        if (!live.equals(new SystemInfo.Live(0, 0, 0))) {
          System.out.println("after cycle " + cycle + " there is left " + live);
        }
        if (cycle % (CYCLES / 10) == 0) {
          System.out.println("cycle " + cycle + ": " + Stress.residentKib() + " KiB");
        }
        if (cycle == FIRST) {
          first = Stress.residentKib();
        }
      }
      System.out.println("grown by " + (Stress.residentKib() - first) + " KiB");
    }
  }

  @Test
  void leaves_nothing_behind() throws Exception {
    String output =
        ChildJvm.run(
            System.getProperty("java.class.path"),
            List.of(
                "-Xms64m",
                "-Xmx64m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dallaprima.stress=" + System.getProperty("allaprima.stress", ""),
                Main.class.getName(),
                Repository.TINY_MODEL.toString()));
    System.out.println(output);
    assertTrue(output.contains("\ngrown by "), output);
    assertEquals(-1, output.indexOf("there is left"), output);
    if (Stress.FULL) {
      String grown = output.replaceAll("(?s).*grown by (-?\\d+) KiB.*", "$1");
      assertTrue(Long.parseLong(grown) < 4096, output);
    }
  }
}
