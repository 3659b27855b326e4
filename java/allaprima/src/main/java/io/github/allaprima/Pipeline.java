package io.github.allaprima;

import io.github.allaprima.internal.DefaultModel;
import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.Turns;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * A checkpoint, loaded and ready to draw. It holds gigabytes outside the Java heap until it is
 * closed.
 *
 * <p>Any thread may use it. It makes one picture at a time: callers wait their turn in the order of
 * arrival. All pipelines of a process share one engine: when several draw, they take turns step by
 * step, and the one that was opened first decided how many threads of the processor they use.
 */
public final class Pipeline implements AutoCloseable {
  private final NativePipeline pipeline;
  private final PipelineInfo info;
  private final Turns turns = new Turns();

  /** Takes over what was opened; closes it when it cannot say what it is. */
  Pipeline(NativePipeline pipeline, Function<String, PipelineInfo> parse) {
    this.pipeline = pipeline;
    try {
      this.info = parse.apply(pipeline.info());
    } catch (RuntimeException | Error e) {
      try {
        pipeline.close();
      } catch (RuntimeException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  /**
   * Starts the description of a pipeline.
   *
   * @return a builder that uses the model that ships, on the device and in the precision that the
   *     library chooses
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Draws a picture.
   *
   * @param request what to draw, one picture of it
   * @return the picture
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public Image generate(Request request) {
    return generate(request, RunOptions.none());
  }

  /**
   * Draws a picture and tells of each step.
   *
   * @param request what to draw, one picture of it
   * @param progress told of each step, on this thread; what it throws ends the generation and is
   *     thrown here
   * @return the picture
   * @throws CancelledException when this thread was interrupted; it stays interrupted
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public Image generate(Request request, Progress progress) {
    return generate(request, RunOptions.none().progress(progress));
  }

  /**
   * Draws a picture. Cancelled or interrupted, it ends within a block of a network; while the
   * engine works for another pipeline, when that step is done.
   *
   * @param request what to draw, one picture of it
   * @param options how to watch and stop it, and what to keep
   * @return the picture
   * @throws CancelledException when it was cancelled, or this thread interrupted, which it stays
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public Image generate(Request request, RunOptions options) {
    if (request.images() != 1) {
      throw new IllegalArgumentException(
          "generate draws one picture, the request is for %d; use generateAll"
              .formatted(request.images()));
    }
    return generateAll(request, options).get(0);
  }

  /**
   * Draws all pictures of a request together, in one batch.
   *
   * @param request what to draw
   * @return the pictures, as many as {@link Request#images} says
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Image> generateAll(Request request) {
    return generateAll(request, RunOptions.none());
  }

  /**
   * Draws all pictures of a request together; ends as {@link #generate(Request, RunOptions)} does.
   *
   * @param request what to draw
   * @param options how to watch and stop it, and what to keep
   * @return the pictures, as many as {@link Request#images} says
   * @throws CancelledException when it was cancelled, or this thread interrupted, which it stays
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Image> generateAll(Request request, RunOptions options) {
    Objects.requireNonNull(request, "request");
    Cancellation cancellation = options.cancellation();
    Runnable wake = turns::wake;
    cancellation.attach(wake);
    try {
      if (!turns.enter(cancellation::isCancelled)) {
        throw new CancelledException("The generation was cancelled before it began.");
      }
      try {
        return new Generation(pipeline, info, request, options).run();
      } finally {
        turns.leave();
      }
    } finally {
      cancellation.detach(wake);
    }
  }

  /**
   * Returns what this pipeline is; also after it was closed.
   *
   * @return model, device, precision, with the reasons
   */
  public PipelineInfo info() {
    return info;
  }

  /**
   * Frees the memory. Waits for the generation that runs; those that wait for their turn fail. May
   * be called twice.
   *
   * @throws IllegalStateException when a progress listener of this pipeline calls it
   */
  @Override
  public void close() {
    turns.close();
    pipeline.close();
  }

  /** Describes a pipeline. Not for several threads at a time. */
  public static final class Builder {
    private Optional<Path> model = Optional.empty();
    private Device device = Device.auto();
    private Optional<Precision> precision = Optional.empty();
    private String variant = "";
    private int threads;

    private Builder() {}

    /**
     * Names the checkpoint. Without it, the small model of the artifact {@code allaprima-model} is
     * used.
     *
     * @param folder a diffusers folder: {@code model_index.json} and its components
     * @return this
     */
    public Builder model(Path folder) {
      this.model = Optional.of(folder);
      return this;
    }

    /**
     * Chooses the device. Without it, {@link Device#auto}.
     *
     * @param device where to run
     * @return this
     */
    public Builder device(Device device) {
      this.device = Objects.requireNonNull(device, "device");
      return this;
    }

    /**
     * Asks for 32-bit weights and activations. Without a precision, fp32 is taken on a processor
     * without bfloat16 of its own, bf16 elsewhere.
     *
     * @return this
     */
    public Builder fp32() {
      precision = Optional.of(Precision.FP32);
      return this;
    }

    /**
     * Asks for bfloat16 weights and activations.
     *
     * @return this
     */
    public Builder bf16() {
      precision = Optional.of(Precision.BF16);
      return this;
    }

    /**
     * Asks for IEEE half-precision weights and activations. A VAE whose numbers outgrow them, which
     * its {@code config.json} says with {@code force_upcast}, computes in fp32.
     *
     * @return this
     */
    public Builder fp16() {
      precision = Optional.of(Precision.FP16);
      return this;
    }

    /**
     * Chooses among the weights of a checkpoint, as in {@code "fp16"} for {@code
     * model.fp16.safetensors}. A component that lacks this variant is loaded from its plain files.
     * Without a variant, the plain files; where a component has none, its only variant. {@link
     * PipelineInfo#json} tells which file was loaded. The precision is another matter: {@link
     * #fp16}.
     *
     * @param name letters, digits, {@code _}, {@code -} and {@code .}; "" is none
     * @return this
     */
    public Builder variant(String name) {
      this.variant = Objects.requireNonNull(name, "name");
      return this;
    }

    /**
     * Limits the threads of the processor. The first pipeline that opens decides for the process.
     *
     * @param count at least 1; without it one per core that this process may use
     * @return this
     * @throws IllegalArgumentException when below 1
     */
    public Builder threads(int count) {
      if (count < 1) {
        throw new IllegalArgumentException("threads must be at least 1, not " + count);
      }
      this.threads = count;
      return this;
    }

    /**
     * Loads the checkpoint. Files in fp32, fp16 and bf16 load in each precision.
     *
     * <p>Its files are mapped into memory until this returns, no longer. Leave them alone so long:
     * one that another process cuts short is an exception where it is seen in time, and can end the
     * Java virtual machine where it is not.
     *
     * @return the pipeline, to be closed
     * @throws InvalidModelException when the checkpoint is missing, broken or not supported, and
     *     when no component has the variant
     * @throws NativeLibraryException when the native libraries cannot be loaded
     * @throws AllaPrimaException when something else fails, a device that is not there for one
     */
    public Pipeline build() {
      Path folder = model.orElseGet(DefaultModel::folder).toAbsolutePath();
      // Both enums stand in the order of the C API's constants; there 0 is the library's choice.
      int wanted = precision.map(p -> p.ordinal() + 1).orElse(0);
      return new Pipeline(
          NativePipeline.open(
              new NativePipeline.Options(
                  folder, device.kind().ordinal(), device.index(), wanted, threads, variant)),
          PipelineInfo::parse);
    }
  }
}
