package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Eight threads draw on two pipelines what they would draw alone, to the bit. */
@NativeTest
@Timeout(600)
class ThreadsStressTest {
  private static final int THREADS = 8;
  private static final Duration TIME = Duration.ofSeconds(Stress.count(2, 60));
  private static final List<Request> REQUESTS =
      List.of(
          Stress.REQUEST,
          Stress.REQUEST.prompt2("a fox").seed(8).guidance(1),
          Stress.REQUEST.size(128, 64).seed(9).negativePrompt("blurry"),
          Stress.REQUEST.images(2).steps(3));

  /** Pictures of all requests; pipelines of one model draw the same. */
  private static List<List<byte[]>> alone() {
    try (Pipeline pipeline = Stress.open()) {
      return REQUESTS.stream()
          .map(request -> pipeline.generateAll(request).stream().map(Image::rgb).toList())
          .toList();
    }
  }

  @Test
  void draws_beside_others_what_it_draws_alone() throws Exception {
    List<List<byte[]>> expected = alone();
    long end = System.nanoTime() + TIME.toNanos();
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    int drawn = 0;
    try (Pipeline first = Stress.open();
        Pipeline second = Stress.open()) {
      List<Callable<Integer>> work = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Random random = new Random(i);
        work.add(
            () -> {
              int count = 0;
              while (System.nanoTime() < end) {
                draw(random.nextBoolean() ? first : second, random, expected);
                count++;
              }
              return count;
            });
      }
      for (Future<Integer> count : threads.invokeAll(work)) {
        assertTrue(count.get() > 0, "each thread had its turn");
        drawn += count.get();
      }
    } finally {
      threads.shutdown();
    }
    System.out.println(drawn + " generations on " + THREADS + " threads, all as drawn alone");
    assertEquals(new SystemInfo.Live(0, 0, 0), SystemInfo.get().live());
  }

  private static void draw(Pipeline pipeline, Random random, List<List<byte[]>> expected) {
    int which = random.nextInt(REQUESTS.size());
    List<Image> images = pipeline.generateAll(REQUESTS.get(which));
    for (Image image : images) {
      assertTrue(
          Arrays.equals(expected.get(which).get(image.index()), image.rgb()),
          "another picture " + image.index() + " of request " + which);
    }
  }
}
