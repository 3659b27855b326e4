package io.github.allaprima.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;

/** Owns the run handle of the C API: one generation. One thread works on it, any may cancel it. */
public final class NativeRun implements AutoCloseable {
  private final CApi.RunHandle run;
  private final Worker worker;
  private volatile boolean cancelled;
  private boolean closed;

  NativeRun(CApi.RunHandle run, Worker worker) {
    this.run = run;
    this.worker = worker;
  }

  /** RGB bytes of pictures, one after the other, with their size in pixels. */
  public record Pixels(int width, int height, int images, byte[] rgb) {
    /** Bytes of one of them, from 0. */
    public byte[] rgb(int image) {
      int bytes = rgb.length / images;
      return images == 1 ? rgb : Arrays.copyOfRange(rgb, image * bytes, (image + 1) * bytes);
    }
  }

  /** Number of denoising steps. */
  public int totalSteps() {
    return CApi.allaprima_run_total_steps(run);
  }

  /**
   * Does the denoising steps, {@link #totalSteps} of them. {@code completed} is told the number of
   * each, from 1, on this thread, while the next one is being done: the worker must not stand still
   * until this thread has woken up, heard of a step and asked for another. What it throws ends the
   * run; so do {@link #cancel} and an interrupt, after which it is told of no more steps.
   */
  public void steps(IntConsumer completed) {
    int total = totalSteps();
    Future<?> next = submitStep(1, total);
    for (int number = 1; number <= total; number++) {
      Future<?> current = next;
      if (number < total) {
        next = submitStep(number + 1, total);
      }
      worker.await(current, this::cancel);
      if (Thread.currentThread().isInterrupted()) {
        cancel();
      }
      if (!cancelled) {
        completed.accept(number);
      }
    }
  }

  private Future<?> submitStep(int number, int total) {
    return worker.submit(
        () -> {
          Events.Span event = Events.step(number, total);
          try {
            Status.check(CApi.allaprima_run_step(run));
            event.end("done");
          } catch (RuntimeException | Error e) {
            event.end(e);
            throw e;
          }
          return null;
        });
  }

  /** Decodes after the last step. */
  public Pixels finish() {
    int[] width = new int[1];
    int[] height = new int[1];
    int[] images = new int[1];
    call(() -> CApi.allaprima_run_size(run, width, height, images));
    int pixels = Math.multiplyExact(images[0], Math.multiplyExact(width[0], height[0]));
    byte[] rgb = new byte[Math.multiplyExact(3, pixels)];
    call(() -> CApi.allaprima_run_finish(run, rgb, rgb.length));
    return new Pixels(width[0], height[0], images[0], rgb);
  }

  /** Writes the latents, and after {@link #finish} the picture, as safetensors. */
  public void saveLatents(Path path) {
    byte[] name = NativePipeline.absolute(path).getBytes(StandardCharsets.UTF_8);
    call(() -> CApi.allaprima_run_save_latents(run, name, name.length));
  }

  /** JSON of {@code allaprima_run_report}. */
  public String report() {
    return worker.call(
        () -> Status.text((b, c, s) -> CApi.allaprima_run_report(run, b, c, s)), this::cancel);
  }

  /** Makes the call that works on this run end soon. Does not wait; nothing happens when closed. */
  public synchronized void cancel() {
    cancelled = true;
    if (!closed) {
      CApi.allaprima_run_cancel(run);
    }
  }

  /** Frees the run; a step still being done is cancelled. */
  @Override
  public void close() {
    cancel();
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    worker.call(
        () -> {
          Status.check(CApi.allaprima_run_close(run));
          return null;
        },
        () -> {});
  }

  private void call(IntSupplier function) {
    worker.call(
        () -> {
          Status.check(function.getAsInt());
          return null;
        },
        this::cancel);
  }
}
