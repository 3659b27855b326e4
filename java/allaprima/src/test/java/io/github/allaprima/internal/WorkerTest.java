package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class WorkerTest {
  private static final Runnable NOTHING = () -> {};

  private final Worker worker = new Worker();

  @AfterEach
  void shutdown() {
    worker.shutdown();
  }

  @Test
  void works_on_a_thread_of_its_own() {
    assertEquals("allaprima-native", worker.call(() -> Thread.currentThread().getName(), NOTHING));
    assertEquals("allaprima-native", Worker.once(() -> Thread.currentThread().getName()));
  }

  @Test
  void a_failure_shows_where_it_happened_and_who_called() {
    IllegalStateException thrown =
        assertThrows(IllegalStateException.class, () -> worker.call(this::fail, NOTHING));
    List<String> methods =
        Arrays.stream(thrown.getStackTrace()).map(StackTraceElement::getMethodName).toList();
    assertEquals("fail", methods.get(0));
    assertTrue(methods.contains("call"), methods::toString);
    assertTrue(
        methods.contains("a_failure_shows_where_it_happened_and_who_called"), methods::toString);
  }

  private Void fail() {
    throw new IllegalStateException("on purpose");
  }

  @Test
  void hands_out_errors_as_they_are() {
    AssertionError error = new AssertionError();
    assertSame(
        error,
        assertThrows(
            AssertionError.class,
            () ->
                worker.call(
                    () -> {
                      throw error;
                    },
                    NOTHING)));
  }

  @Test
  void an_interrupt_runs_its_action_once_and_is_kept() {
    CountDownLatch interrupted = new CountDownLatch(1);
    AtomicInteger actions = new AtomicInteger();
    Thread caller = Thread.currentThread();
    String result =
        worker.call(
            () -> {
              caller.interrupt();
              interrupted.await();
              caller.interrupt();
              return "done";
            },
            () -> {
              actions.incrementAndGet();
              interrupted.countDown();
            });
    assertTrue(Thread.interrupted());
    assertEquals("done", result);
    assertEquals(1, actions.get());
  }
}
