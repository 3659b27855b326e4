package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Weights lie outside the Java heap, so that a small heap is enough. */
@NativeTest
@Timeout(120)
class SmallHeapTest {
  /** Runs in the other process. */
  static final class Main {
    public static void main(String[] args) {
      try (Pipeline pipeline =
          Pipeline.builder().model(Path.of(args[0])).device(Device.cpu()).fp32().build()) {
        Image image = pipeline.generate(Request.of("a red apple").steps(2).seed(7));
        long heap = Runtime.getRuntime().maxMemory() >> 20;
        System.out.print(image.width() > 0 && heap <= 24 ? "drawn" : "heap of " + heap + " MB");
      }
    }
  }

  @Test
  void draws_in_24_MB_of_heap() throws Exception {
    assertEquals(
        "drawn",
        ChildJvm.run(
            System.getProperty("java.class.path"),
            List.of("-Xmx24m", Main.class.getName(), Repository.TINY_MODEL.toString())));
  }
}
