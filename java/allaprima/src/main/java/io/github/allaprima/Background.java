package io.github.allaprima;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Generations whose caller does not wait; each has a daemon thread while it waits or runs. */
final class Background {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final ExecutorService THREADS = Executors.newCachedThreadPool(Background::thread);

  private Background() {}

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "allaprima-generate-" + NUMBER.incrementAndGet());
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Starts {@code work} with options that stop it when the given ones do, and when its future was
   * completed by somebody else: cancelled, timed out, obtruded.
   */
  static <T> CompletableFuture<T> start(RunOptions options, Function<RunOptions, T> work) {
    CompletableFuture<T> future = new CompletableFuture<>();
    Cancellation cancellation = new Cancellation();
    Runnable pass = cancellation::cancel;
    THREADS.execute(
        () -> {
          try {
            future.complete(work.apply(options.cancellation(cancellation)));
          } catch (Throwable failure) { // an error, too: nobody else would see it
            future.completeExceptionally(failure);
          }
        });
    options.cancellation().attach(pass);
    future.whenComplete(
        (result, failure) -> {
          options.cancellation().detach(pass);
          cancellation.cancel();
        });
    return future;
  }
}
