package io.github.allaprima.cli;

import io.github.allaprima.Cancellation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ctrl-C: cancels the generation and lets it clean up; the JVM then exits with 130. */
final class Interrupt {
  /** Cancelled by Ctrl-C. */
  static final Cancellation CANCELLATION = new Cancellation();

  private static final long PATIENCE_SECONDS = 30;
  private static final CountDownLatch FINISHED = new CountDownLatch(1);
  private static volatile boolean cancellable;

  private Interrupt() {}

  /** To be called once, by the program. */
  static void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(Interrupt::cancel, "ctrl-c"));
  }

  /** From now on the work ends soon when cancelled: worth waiting for. Loading does not. */
  static void cancellable() {
    cancellable = true;
  }

  /** To be called when there is nothing left to clean up. */
  static void finished() {
    FINISHED.countDown();
  }

  private static void cancel() {
    CANCELLATION.cancel();
    try {
      if (cancellable) {
        FINISHED.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
