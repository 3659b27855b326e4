package io.github.allaprima.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** Lets one caller in at a time, in the order of arrival, until it is closed. */
public final class Turns {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Callers in the order of arrival; the first one is in. */
  private final Deque<Thread> callers = new ArrayDeque<>();

  private boolean closed;

  /**
   * Waits for this thread's turn.
   *
   * @param abandoned asked whenever {@link #wake} is called
   * @return false when the wait was abandoned, by {@code abandoned} or an interrupt, which is kept
   * @throws IllegalStateException when closed, also while waiting, and when this thread is in
   */
  public boolean enter(BooleanSupplier abandoned) {
    Thread caller = Thread.currentThread();
    lock.lock();
    try {
      if (callers.peekFirst() == caller) {
        throw new IllegalStateException(
            "This thread is inside a generation of this pipeline; a progress listener must not"
                + " start another one.");
      }
      checkOpen();
      callers.addLast(caller);
      while (callers.peekFirst() != caller && !closed && !abandoned.getAsBoolean()) {
        changed.await();
      }
      if (closed || abandoned.getAsBoolean()) {
        remove(caller);
        checkOpen();
        return false;
      }
      return true;
    } catch (InterruptedException e) {
      remove(caller);
      caller.interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the turn of this thread. */
  public void leave() {
    lock.lock();
    try {
      remove(Thread.currentThread());
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
      if (callers.peekFirst() == Thread.currentThread()) {
        throw new IllegalStateException(
            "A progress listener must not close the pipeline that calls it; cancel the generation"
                + " and close the pipeline afterwards.");
      }
      closed = true;
      changed.signalAll();
      while (!callers.isEmpty()) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("This pipeline is closed.");
    }
  }

  private void remove(Thread caller) {
    callers.remove(caller);
    changed.signalAll();
  }
}
