package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.ErrorCode;
import io.github.allaprima.QueueFullException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class TurnsTest {
  private final Turns turns = new Turns(2);
  private volatile Turns.Ticket inside;

  @Test
  void lets_the_next_one_in_when_one_leaves() throws Exception {
    assertTrue(enter(() -> false));
    CompletableFuture<Boolean> other = CompletableFuture.supplyAsync(() -> enter(() -> false));
    assertFalse(other.isDone());
    turns.leave(inside);
    assertTrue(other.get());
  }

  @Test
  void gives_up_when_the_wait_is_abandoned() throws Exception {
    assertTrue(enter(() -> false));
    AtomicBoolean abandoned = new AtomicBoolean();
    CompletableFuture<Boolean> other = CompletableFuture.supplyAsync(() -> enter(abandoned::get));
    abandoned.set(true);
    turns.wake();
    assertFalse(other.get());
  }

  @Test
  void gives_up_when_interrupted_and_stays_interrupted() {
    CompletableFuture.runAsync(() -> enter(() -> false)).join();
    Thread.currentThread().interrupt();
    assertFalse(enter(() -> false));
    assertTrue(Thread.interrupted());
  }

  @Test
  void refuses_a_second_turn_inside_the_first() {
    assertTrue(enter(() -> false));
    assertThrows(IllegalStateException.class, () -> enter(() -> false));
    assertThrows(IllegalStateException.class, turns::close);
  }

  @Test
  void close_waits_for_the_one_inside_and_refuses_the_others() throws Exception {
    assertTrue(enter(() -> false));
    CompletableFuture<Void> close = CompletableFuture.runAsync(turns::close);
    ExecutionException e =
        assertThrows(
            ExecutionException.class,
            () -> CompletableFuture.supplyAsync(this::enterUntilClosed).get());
    assertEquals("This pipeline is closed.", e.getCause().getMessage());
    assertFalse(close.isDone());
    turns.leave(inside);
    close.get();
  }

  @Test
  void refuses_whoever_comes_when_as_many_as_may_wait() {
    assertTrue(enter(() -> false));
    Turns.Ticket second = turns.arrive();
    turns.arrive();
    QueueFullException e = assertThrows(QueueFullException.class, turns::arrive);
    assertEquals(ErrorCode.QUEUE_FULL, e.code());
    assertTrue(e.getMessage().startsWith("2 generations wait"), e.getMessage());
    Turns.Ticket again = turns.arriveAgain();
    turns.leave(again);
    turns.leave(second);
    turns.arrive();
  }

  @Test
  void keeps_the_order_of_arrival_not_that_of_waiting() throws Exception {
    assertTrue(enter(() -> false));
    Turns.Ticket second = turns.arrive();
    Turns.Ticket third = turns.arrive();
    CompletableFuture<Boolean> late =
        CompletableFuture.supplyAsync(() -> turns.await(third, () -> false));
    turns.leave(inside);
    assertFalse(late.isDone());
    assertTrue(turns.await(second, () -> false));
    turns.leave(second);
    assertTrue(late.get());
  }

  private boolean enterUntilClosed() {
    return enter(() -> false);
  }

  private boolean enter(BooleanSupplier abandoned) {
    turns.refuseInside();
    Turns.Ticket ticket = turns.arrive();
    boolean entered = turns.await(ticket, abandoned);
    if (entered) {
      inside = ticket;
    }
    return entered;
  }
}
