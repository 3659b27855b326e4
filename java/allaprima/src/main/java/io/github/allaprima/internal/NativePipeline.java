package io.github.allaprima.internal;

import io.github.allaprima.Request;
import io.github.allaprima.Size;
import java.lang.System.Logger;
import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.javacpp.PointerScope;

/** Owns the pipeline handle of the C API. Only {@link #close} may be called by several threads. */
public final class NativePipeline {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final Logger LOGGER = System.getLogger("io.github.allaprima");
  private static final Runnable NOTHING = () -> {};

  /** Between a call of {@code build} and here. */
  private static final Set<String> LIBRARY =
      Set.of(
          NativePipeline.class.getName(),
          Handle.class.getName(),
          "io.github.allaprima.Pipeline",
          "io.github.allaprima.PipelineBuilder");

  private final Handle handle;
  private final Worker worker;
  private final Events.Span loading;
  private final Cleaner.Cleanable cleanable;
  private final ReentrantLock closing = new ReentrantLock();

  /** What {@code allaprima_pipeline_options} holds; device and precision as in the header. */
  public record Options(
      Path model, int device, int deviceIndex, int precision, int threads, String variant) {}

  /** The handle, apart from its owner, so that the cleaner can close it when the owner is gone. */
  private static final class Handle implements Runnable {
    final CApi.PipelineHandle pipeline;
    private final Path model;
    private final Throwable opened = new Throwable("the pipeline was opened here");
    private volatile boolean closed;

    Handle(CApi.PipelineHandle pipeline, Path model) {
      this.pipeline = pipeline;
      this.model = model;
    }

    void close() {
      Status.check(CApi.allaprima_pipeline_close(pipeline));
      closed = true;
    }

    /** Nobody can reach the pipeline any more: its owner closed it, or forgot to. */
    @Override
    public void run() {
      if (closed) {
        return;
      }
      LOGGER.log(
          Logger.Level.WARNING,
          ("A pipeline of %s was forgotten: it was opened by %s and never closed. Its memory is"
                  + " freed now, because the garbage collector came by; without it, never. Close"
                  + " pipelines, best with try-with-resources.")
              .formatted(model, opener()),
          opened);
      try {
        close();
      } catch (RuntimeException e) {
        LOGGER.log(Logger.Level.ERROR, "The forgotten pipeline could not be closed.", e);
      }
    }

    /** The first frame that is not the library's. */
    private StackTraceElement opener() {
      StackTraceElement[] frames = opened.getStackTrace();
      return Arrays.stream(frames)
          .filter(frame -> !LIBRARY.contains(frame.getClassName()))
          .findFirst()
          .orElse(frames[frames.length - 1]);
    }
  }

  private NativePipeline(Handle handle, Worker worker, Events.Span loading) {
    this.handle = handle;
    this.worker = worker;
    this.loading = loading;
    this.cleanable = CLEANER.register(this, handle);
  }

  /** Loads the checkpoint. */
  public static NativePipeline open(Options options) {
    Worker worker = new Worker();
    Events.Span loading = Events.load(options.model().toString());
    try {
      CApi.PipelineHandle pipeline = worker.call(() -> openHandle(options), NOTHING);
      return new NativePipeline(new Handle(pipeline, options.model()), worker, loading);
    } catch (RuntimeException | Error e) {
      worker.shutdown();
      loading.end(e);
      throw e;
    }
  }

  /** To be called once, with what {@link #info} says: the pipeline is the caller's now. */
  public void opened(String device, String precision) {
    loading.end("loaded");
    LOGGER.log(Logger.Level.DEBUG, "loaded {0} in {1} on {2}", handle.model, precision, device);
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

  /** Kinds of {@code allaprima_pipeline_transform}; the header's numbers are one higher. */
  public enum Transform {
    ATTENTION_MATH,
    FUSE_QKV,
    SWAP_CONV1X1,
    INT8_DYNAMIC,
    CHANNELS_LAST,
    COMPILE,
    FP8_DYNAMIC
  }

  /** JSON of {@code allaprima_pipeline_layers}. */
  public String layers() {
    return worker.call(
        () -> Status.text((b, c, s) -> CApi.allaprima_pipeline_layers(handle.pipeline, b, c, s)),
        NOTHING);
  }

  /** Changes the networks; {@code scheme} as in the header. */
  public void transform(Transform kind, List<String> layers, int scheme) {
    worker.call(
        () -> {
          try (Utf8 names = new Utf8(String.join("\n", layers));
              CApi.TransformStruct struct = new CApi.TransformStruct()) {
            struct
                .struct_size(struct.sizeof())
                .kind(kind.ordinal() + 1)
                .int8_scheme(scheme)
                .layers(names.pointer())
                .layers_size(names.size());
            Status.check(CApi.allaprima_pipeline_transform(handle.pipeline, struct));
          }
          return null;
        },
        NOTHING);
  }

  /** JSON of {@code allaprima_pipeline_choose_int8}, for one picture of this size. */
  public String chooseInt8(Optional<Size> size, int scheme, boolean compiled) {
    return worker.call(
        () -> {
          try (CApi.Int8Question struct = new CApi.Int8Question()) {
            struct
                .struct_size(struct.sizeof())
                .width(size.map(Size::width).orElse(0))
                .height(size.map(Size::height).orElse(0))
                .images(1)
                .int8_scheme(scheme)
                .compiled(compiled ? 1 : 0);
            return Status.text(
                (b, c, s) -> CApi.allaprima_pipeline_choose_int8(handle.pipeline, struct, b, c, s));
          }
        },
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
