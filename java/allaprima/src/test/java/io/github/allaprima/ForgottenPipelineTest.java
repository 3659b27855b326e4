package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pipeline that nobody closed is freed when the garbage collector finds it, and told of. */
@NativeTest
@Timeout(120)
class ForgottenPipelineTest {
  /** Runs in the other process. */
  static final class Main {
    public static void main(String[] args) throws InterruptedException {
      forget(Path.of(args[0]));
      while (SystemInfo.get().live().pipelines() > 0) {
        System.gc();
        Thread.sleep(10);
      }
      System.out.println(SystemInfo.get().live());
    }

    private static void forget(Path model) {
      Pipeline pipeline = Pipeline.builder().model(model).device(Device.cpu()).fp32().build();
      pipeline.generate(Request.of("a red apple").steps(1).size(64, 64));
      if (SystemInfo.get().live().tensorBytes() < 1000) {
        throw new AssertionError("an open pipeline holds its weights");
      }
    }
  }

  @Test
  void is_freed_and_told_of_with_the_place_where_it_was_opened() throws Exception {
    String output =
        ChildJvm.run(
            System.getProperty("java.class.path"),
            List.of(Main.class.getName(), Repository.TINY_MODEL.toString()));
    assertTrue(output.contains("WARNING"), output);
    assertTrue(
        output.contains("A pipeline of " + Repository.TINY_MODEL + " was forgotten"), output);
    assertTrue(output.contains("opened by " + Main.class.getName() + ".forget("), output);
    assertTrue(output.contains("Live[pipelines=0, runs=0, tensorBytes=0]"), output);
  }
}
