package io.github.allaprima.internal;

import io.github.allaprima.Request;
import java.lang.System.Logger;
import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.javacpp.PointerScope;

/** Owns the pipeline handle of the C API. Only {@link #close} may be called by several threads. */
public final class NativePipeline {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final Logger LOGGER = System.getLogger("io.github.allaprima");
  private static final Runnable NOTHING = () -> {};

  private final Handle handle;
  private final Worker worker;
  private final Cleaner.Cleanable cleanable;
  private final ReentrantLock closing = new ReentrantLock();

  /** What {@code allaprima_pipeline_options} holds; device and precision as in the header. */
  public record Options(
      Path model, int device, int deviceIndex, int precision, int threads, String variant) {}

  /** The handle, apart from its owner, so that the cleaner can close it when the owner is gone. */
  private static final class Handle implements Runnable {
    final CApi.PipelineHandle pipeline;
    private final Throwable opened = new Throwable("the pipeline was opened here");
    private boolean closed;

    Handle(CApi.PipelineHandle pipeline) {
      this.pipeline = pipeline;
    }

    void close() {
      Status.check(CApi.allaprima_pipeline_close(pipeline));
      closed = true;
    }

    @Override
    public void run() {
      if (!closed) {
        LOGGER.log(
            Logger.Level.WARNING,
            "A pipeline was not closed; its memory is freed now, by chance. Use"
                + " try-with-resources.",
            opened);
        close();
      }
    }
  }

  private NativePipeline(Handle handle, Worker worker) {
    this.handle = handle;
    this.worker = worker;
    this.cleanable = CLEANER.register(this, handle);
  }

  /** Loads the checkpoint. */
  public static NativePipeline open(Options options) {
    Worker worker = new Worker();
    return new NativePipeline(new Handle(worker.call(() -> openHandle(options), NOTHING)), worker);
  }

  private static CApi.PipelineHandle openHandle(Options options) {
    NativeLibrary.load();
    CApi.PipelineHandle pipeline = new CApi.PipelineHandle();
    try (Utf8 model = new Utf8(options.model().toString());
        Utf8 variant = new Utf8(options.variant());
        CApi.Options struct = new CApi.Options()) {
      struct
          .struct_size(struct.sizeof())
          .model(model.pointer())
          .model_size(model.size())
          .device(options.device())
          .device_index(options.deviceIndex())
          .precision(options.precision())
          .threads(options.threads())
          .variant(variant.pointer())
          .variant_size(variant.size());
      Status.check(CApi.allaprima_pipeline_open(struct, pipeline));
    }
    return pipeline;
  }

  /** JSON of {@code allaprima_pipeline_info}. */
  public String info() {
    return worker.call(
        () -> Status.text((b, c, s) -> CApi.allaprima_pipeline_info(handle.pipeline, b, c, s)),
        NOTHING);
  }

  /** Checks the request, which has a seed or seeds, and starts a run, which must be closed. */
  public NativeRun begin(Request request) {
    return new NativeRun(worker.call(() -> beginRun(request), NOTHING), worker);
  }

  private CApi.RunHandle beginRun(Request request) {
    CApi.RunHandle run = new CApi.RunHandle();
    PointerScope scope = new PointerScope();
    try {
      Status.check(CApi.allaprima_run_begin(handle.pipeline, RequestStructs.of(request), run));
    } finally {
      scope.close();
    }
    return run;
  }

  /**
   * Frees the weights; nothing happens when that was done. Runs must be closed before: else it
   * fails, all stays as it is, and it may be called again.
   */
  public void close() {
    closing.lock();
    try {
      if (!handle.closed) {
        worker.call(
            () -> {
              handle.close();
              return null;
            },
            NOTHING);
        worker.shutdown();
        cleanable.clean();
      }
    } finally {
      closing.unlock();
    }
  }

  static String absolute(Path path) {
    return path.toAbsolutePath().toString();
  }
}
