package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class TurnsTest {
  private final Turns turns = new Turns();

  @Test
  void lets_the_next_one_in_when_one_leaves() throws Exception {
    assertTrue(turns.enter(() -> false));
    CompletableFuture<Boolean> other =
        CompletableFuture.supplyAsync(() -> turns.enter(() -> false));
    assertFalse(other.isDone());
    turns.leave();
    assertTrue(other.get());
  }

  @Test
  void gives_up_when_the_wait_is_abandoned() throws Exception {
    assertTrue(turns.enter(() -> false));
    AtomicBoolean abandoned = new AtomicBoolean();
    CompletableFuture<Boolean> other =
        CompletableFuture.supplyAsync(() -> turns.enter(abandoned::get));
    abandoned.set(true);
    turns.wake();
    assertFalse(other.get());
  }

  @Test
  void gives_up_when_interrupted_and_stays_interrupted() {
    CompletableFuture.runAsync(() -> turns.enter(() -> false)).join();
    Thread.currentThread().interrupt();
    assertFalse(turns.enter(() -> false));
    assertTrue(Thread.interrupted());
  }

  @Test
  void refuses_a_second_turn_inside_the_first() {
    assertTrue(turns.enter(() -> false));
    assertThrows(IllegalStateException.class, () -> turns.enter(() -> false));
    assertThrows(IllegalStateException.class, turns::close);
  }

  @Test
  void close_waits_for_the_one_inside_and_refuses_the_others() throws Exception {
    assertTrue(turns.enter(() -> false));
    CompletableFuture<Void> close = CompletableFuture.runAsync(turns::close);
    ExecutionException e =
        assertThrows(
            ExecutionException.class,
            () -> CompletableFuture.supplyAsync(this::enterUntilClosed).get());
    assertEquals("This pipeline is closed.", e.getCause().getMessage());
    assertFalse(close.isDone());
    turns.leave();
    close.get();
  }

  private boolean enterUntilClosed() {
    return turns.enter(() -> false);
  }
}
