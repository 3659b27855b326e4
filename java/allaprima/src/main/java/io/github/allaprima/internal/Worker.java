package io.github.allaprima.internal;

import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Makes the long native calls of one pipeline on a thread of its own, so that the caller waits in
 * Java: it can be interrupted, and a virtual thread does not pin its carrier.
 */
final class Worker {
  private static final long IDLE_SECONDS = 10;

  private final ThreadPoolExecutor executor =
      new ThreadPoolExecutor(
          1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Worker::thread);

  Worker() {
    executor.allowCoreThreadTimeOut(true);
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "allaprima-native");
    thread.setDaemon(true);
    return thread;
  }

  /** What {@code task} returns, from a worker of its own: for a call that is no pipeline's. */
  static <T> T once(Callable<T> task) {
    Worker worker = new Worker();
    try {
      return worker.call(task, () -> {});
    } finally {
      worker.shutdown();
    }
  }

  /** What {@code task} returns. An interrupt runs {@code onInterrupt}, once, and is kept set. */
  <T> T call(Callable<T> task, Runnable onInterrupt) {
    return await(submit(task), onInterrupt);
  }

  /** Does {@code task} after what was submitted before; for {@link #await}. */
  <T> Future<T> submit(Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    executor.execute(future);
    return future;
  }

  /** What the task returns. An interrupt runs {@code onInterrupt}, once, and is kept set. */
  <T> T await(Future<T> future, Runnable onInterrupt) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          if (!interrupted) {
            onInterrupt.run();
          }
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      addCaller(e.getCause());
      throw unchecked(future, e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  void shutdown() {
    executor.shutdown();
  }

  /** What was thrown knows only the worker's thread: its trace goes on with the caller's. */
  private static void addCaller(Throwable failure) {
    Stream<StackTraceElement> there = Arrays.stream(failure.getStackTrace());
    Stream<StackTraceElement> here = Arrays.stream(new Throwable().getStackTrace()).skip(1);
    failure.setStackTrace(Stream.concat(there, here).toArray(StackTraceElement[]::new));
  }

  private static RuntimeException unchecked(Future<?> future, Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException runtime
        ? runtime
        : new IllegalStateException("unexpected failure of " + future, cause);
  }
}
