package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Cancels and closes at random moments; afterwards the pipeline draws as before, or is closed. */
@NativeTest
@Timeout(600)
class CancelStressTest {
  private static final int MOMENTS = Stress.count(24, 200);
  private static final Request LONGER = Stress.REQUEST.steps(20);

  private enum Way {
    TOKEN,
    INTERRUPT,
    FUTURE,
    CLOSE
  }

  private final Random random = new Random(1);
  private final Map<Way, Integer> stopped = new EnumMap<>(Way.class);
  private Pipeline pipeline;

  @Test
  void leaves_a_pipeline_that_draws_or_a_closed_one() throws Exception {
    pipeline = Stress.open();
    byte[] expected = pipeline.generate(Stress.REQUEST).rgb();
    long nanos = time(LONGER);
    for (int moment = 0; moment < MOMENTS; moment++) {
      Way way = Way.values()[moment % Way.values().length];
      // The first of each at a moment that no machine can miss; a close waits for the generation.
      boolean held = moment < Way.values().length && way != Way.CLOSE;
      if (stopsAt(way, random.nextLong(nanos * 5 / 4), held)) {
        stopped.merge(way, 1, Integer::sum);
      }
      if (way == Way.CLOSE) {
        Pipeline closed = pipeline;
        closed.close();
        assertThrows(IllegalStateException.class, () -> closed.generate(Stress.REQUEST));
        assertEquals(new SystemInfo.Live(0, 0, 0), SystemInfo.get().live());
        pipeline = Stress.open();
      }
      assertArrayEquals(expected, pipeline.generate(Stress.REQUEST).rgb());
      assertEquals(0, SystemInfo.get().live().runs());
    }
    pipeline.close();
    assertEquals(new SystemInfo.Live(0, 0, 0), SystemInfo.get().live());
    System.out.println("stopped before the end, of " + MOMENTS / 4 + " each: " + stopped);
    for (Way way : Way.values()) {
      boolean some = stopped.getOrDefault(way, 0) > 0;
      assertTrue(some || way == Way.CLOSE, () -> "nothing was stopped: " + stopped);
    }
  }

  private long time(Request request) {
    long start = System.nanoTime();
    pipeline.generate(request);
    return System.nanoTime() - start;
  }

  /**
   * Whether the generation ended early; stopped after {@code nanos}, or, held, after its first step
   * and before its second.
   */
  private boolean stopsAt(Way way, long nanos, boolean held) throws Exception {
    Cancellation cancellation = new Cancellation();
    CountDownLatch stepped = new CountDownLatch(1);
    CountDownLatch asked = new CountDownLatch(held ? 1 : 0);
    RunOptions options =
        RunOptions.none()
            .cancellation(cancellation)
            .progress(
                step -> {
                  stepped.countDown();
                  while (asked.getCount() > 0) {
                    Thread.onSpinWait(); // waiting would end with the interrupt
                  }
                });
    AtomicReference<Thread> thread = new AtomicReference<>();
    CompletableFuture<Image> ended =
        way == Way.FUTURE
            ? pipeline.generateAsync(LONGER, options)
            : inThread(thread, () -> pipeline.generate(LONGER, options));
    if (held) {
      assertTrue(stepped.await(60, TimeUnit.SECONDS));
    } else {
      LockSupport.parkNanos(nanos);
    }
    switch (way) {
      case TOKEN -> cancellation.cancel();
      case INTERRUPT -> thread.get().interrupt();
      case FUTURE -> ended.cancel(true);
      case CLOSE -> pipeline.close();
    }
    asked.countDown();
    try {
      return ended.handle(CancelStressTest::isEarly).get(60, TimeUnit.SECONDS);
    } finally {
      if (thread.get() != null) {
        thread.get().join();
      }
    }
  }

  private static CompletableFuture<Image> inThread(
      AtomicReference<Thread> thread, java.util.function.Supplier<Image> work) {
    CompletableFuture<Image> future = new CompletableFuture<>();
    thread.set(
        new Thread(
            () -> {
              try {
                future.complete(work.get());
              } catch (RuntimeException e) {
                future.completeExceptionally(e);
              }
            }));
    thread.get().start();
    return future;
  }

  private static boolean isEarly(Image image, Throwable failure) {
    if (failure == null) {
      assertEquals(20, image.report().timings().steps().size());
      return false;
    }
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    boolean expected =
        cause instanceof CancelledException
            || cause instanceof java.util.concurrent.CancellationException
            || cause instanceof IllegalStateException;
    if (!expected) {
      throw new AssertionError("stopped by something else", cause);
    }
    return true;
  }
}
