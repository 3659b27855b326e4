package io.github.allaprima.internal;

import io.github.allaprima.QueueFullException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Lets one caller in at a time, in the order of arrival, until it is closed. */
public final class Turns {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final int maxWaiting;

  /** In the order of arrival; the first one's turn it is. */
  private final Deque<Ticket> tickets = new ArrayDeque<>();

  private boolean closed;

  /**
   * A place in the queue. To be given to {@link #await}, and then, if let in, to {@link #leave}.
   */
  public static final class Ticket {
    private @Nullable Thread inside;

    private Ticket() {}
  }

  /** At most {@code maxWaiting} wait while another is in. */
  public Turns(int maxWaiting) {
    this.maxWaiting = maxWaiting;
  }

  /**
   * Takes a place in the queue; does not wait.
   *
   * @throws IllegalStateException when closed
   * @throws QueueFullException when as many as may wait do
   */
  public Ticket arrive() {
    lock.lock();
    try {
      checkOpen();
      if (tickets.size() > maxWaiting) {
        throw new QueueFullException(
            ("%d generations wait for this pipeline already, as many as it lets wait; try again"
                    + " when one is done, or open it with a larger maxQueued.")
                .formatted(maxWaiting));
      }
      return add();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #arrive}, for a caller who was let wait before: however many wait. */
  public Ticket arriveAgain() {
    lock.lock();
    try {
      checkOpen();
      return add();
    } finally {
      lock.unlock();
    }
  }

  private Ticket add() {
    Ticket ticket = new Ticket();
    tickets.addLast(ticket);
    return ticket;
  }

  /** Throws when this thread is in: it would wait for itself. */
  public void refuseInside() {
    lock.lock();
    try {
      if (isInside()) {
        throw new IllegalStateException(
            "This thread is inside a generation of this pipeline; a progress listener must not"
                + " start another one and wait for it.");
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the ticket's turn. When it does not come, the ticket is gone.
   *
   * @param abandoned asked whenever {@link #wake} is called
   * @return false when the wait was abandoned, by {@code abandoned} or an interrupt, which is kept
   * @throws IllegalStateException when closed while waiting
   */
  public boolean await(Ticket ticket, BooleanSupplier abandoned) {
    lock.lock();
    try {
      while (tickets.peekFirst() != ticket && !closed && !abandoned.getAsBoolean()) {
        changed.await();
      }
      if (closed || abandoned.getAsBoolean()) {
        remove(ticket);
        checkOpen();
        return false;
      }
      ticket.inside = Thread.currentThread();
      return true;
    } catch (InterruptedException e) {
      remove(ticket);
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Gives up the ticket, or ends its turn. */
  public void leave(Ticket ticket) {
    lock.lock();
    try {
      remove(ticket);
    } finally {
      lock.unlock();
    }
  }

  /** Makes the waiting callers look again whether they still want to wait. */
  public void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Refuses whoever comes or waits, and returns when the one inside has left. */
  public void close() {
    lock.lock();
    try {
      if (isInside()) {
        throw new IllegalStateException(
            "A progress listener must not close the pipeline that calls it; cancel the generation"
                + " and close the pipeline afterwards.");
      }
      closed = true;
      changed.signalAll();
      while (!tickets.isEmpty()) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isInside() {
    Ticket first = tickets.peekFirst();
    return first != null && first.inside == Thread.currentThread();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("This pipeline is closed.");
    }
  }

  private void remove(Ticket ticket) {
    tickets.remove(ticket);
    changed.signalAll();
  }
}
