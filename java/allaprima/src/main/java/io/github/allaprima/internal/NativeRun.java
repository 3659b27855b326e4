package io.github.allaprima.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntSupplier;

/** Owns the run handle of the C API: one generation. One thread works on it, any may cancel it. */
public final class NativeRun implements AutoCloseable {
  private final CApi.RunHandle run;
  private final Worker worker;
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

  /** Does the next denoising step. An interrupt of the waiting thread cancels the run. */
  public void step() {
    call(() -> CApi.allaprima_run_step(run));
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
    if (!closed) {
      CApi.allaprima_run_cancel(run);
    }
  }

  @Override
  public void close() {
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
