package io.github.allaprima;

import java.util.ArrayList;
import java.util.List;

/**
 * Stops generations from another thread. Once used it stays cancelled. Each ends at its next
 * chance: between two blocks of a network, or when the step that another pipeline does is over.
 */
public final class Cancellation {
  private final List<Runnable> actions = new ArrayList<>();
  private boolean cancelled;

  /** Creates one that is not cancelled. */
  public Cancellation() {}

  /**
   * Ends every generation that was given this token, running or waiting, with a {@link
   * CancelledException}. Returns at once, may be called twice and from any thread.
   */
  public void cancel() {
    List<Runnable> todo;
    synchronized (this) {
      cancelled = true;
      todo = List.copyOf(actions);
    }
    todo.forEach(Runnable::run);
  }

  /**
   * Returns whether {@link #cancel} was called.
   *
   * @return true from then on
   */
  public synchronized boolean isCancelled() {
    return cancelled;
  }

  /** Has {@code action} run when cancelled, at once if that was before. */
  void attach(Runnable action) {
    boolean now;
    synchronized (this) {
      actions.add(action);
      now = cancelled;
    }
    if (now) {
      action.run();
    }
  }

  synchronized void detach(Runnable action) {
    actions.remove(action);
  }
}
