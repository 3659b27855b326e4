package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CancellationTest {
  private final Cancellation cancellation = new Cancellation();
  private final AtomicInteger runs = new AtomicInteger();
  private final Runnable action = runs::incrementAndGet;

  @Test
  void runs_what_was_attached() {
    cancellation.attach(action);
    assertFalse(cancellation.isCancelled());
    cancellation.cancel();
    assertTrue(cancellation.isCancelled());
    assertEquals(1, runs.get());
  }

  @Test
  void runs_at_once_what_comes_late() {
    cancellation.cancel();
    cancellation.attach(action);
    assertEquals(1, runs.get());
  }

  @Test
  void forgets_what_was_detached() {
    cancellation.attach(action);
    cancellation.detach(action);
    cancellation.cancel();
    assertEquals(0, runs.get());
  }
}
