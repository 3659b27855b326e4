package io.github.allaprima;

import io.github.allaprima.internal.DefaultModel;
import io.github.allaprima.internal.NativePipeline;
import io.github.allaprima.internal.Turns;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint, loaded and ready to draw. It holds gigabytes outside the Java heap until it is
 * closed.
 *
 * <p>Any thread may use it. It does one generation at a time: callers wait their turn in the order
 * of arrival, at most {@link Builder#maxQueued} of them. All pipelines of a process share one
 * engine: when several draw, they take turns step by step, and the one that was opened first
 * decided how many threads of the processor they use.
 */
public final class Pipeline implements AutoCloseable {
  private final NativePipeline pipeline;
  private final PipelineInfo info;
  private final Plan plan;
  private final Turns turns;

  /** Takes over what was opened and changes it; closes it when that fails. */
  Pipeline(NativePipeline pipeline, int maxQueued, Function<NativePipeline, Plan> change) {
    this.pipeline = pipeline;
    this.turns = new Turns(maxQueued);
    try {
      this.plan = change.apply(pipeline);
      this.info = PipelineInfo.parse(pipeline.info());
      pipeline.opened(info.device(), info.precision().toString());
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
   * @throws QueueFullException when as many generations wait as may
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
   * @throws QueueFullException when as many generations wait as may
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
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public Image generate(Request request, RunOptions options) {
    return generateAll(checkOne(request), options).get(0);
  }

  private static Request checkOne(Request request) {
    if (request.images() != 1) {
      throw new IllegalArgumentException(
          "generate draws one picture, the request is for %d; use generateAll"
              .formatted(request.images()));
    }
    return request;
  }

  /**
   * Draws all pictures of a request together, in one batch.
   *
   * @param request what to draw
   * @return the pictures, as many as {@link Request#images} says
   * @throws QueueFullException when as many generations wait as may
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
   * @throws QueueFullException when as many generations wait as may
   * @throws AllaPrimaException when it fails; the pipeline stays usable
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Image> generateAll(Request request, RunOptions options) {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(options, "options");
    turns.refuseInside();
    return draw(turns.arrive(), request, options);
  }

  /**
   * Draws several requests, one after the other; one that fails does not end the others.
   *
   * @param requests what to draw
   * @return what became of each, in their order
   * @throws QueueFullException when as many generations wait as may; none was begun
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Outcome> generateEach(List<Request> requests) {
    return generateEach(requests, RunOptions.none());
  }

  /**
   * Draws several requests, one after the other; one that fails does not end the others. Each waits
   * for a turn of its own, so that other callers come in between. After a cancel, an interrupt or a
   * close, the rest fail and what was drawn is kept.
   *
   * @param requests what to draw
   * @param options how to watch and stop them; the listener is told of the steps of each
   * @return what became of each, in their order
   * @throws QueueFullException when as many generations wait as may; none was begun
   * @throws IllegalArgumentException when the latents of more than one are to be saved in one file
   * @throws IllegalStateException when the pipeline is closed
   */
  public List<Outcome> generateEach(List<Request> requests, RunOptions options) {
    List<Request> all = List.copyOf(requests);
    if (all.size() > 1 && options.saveLatents().isPresent()) {
      throw new IllegalArgumentException(
          "the latents of %d requests do not go into one file; generate each alone to save them"
              .formatted(all.size()));
    }
    if (all.isEmpty()) {
      return List.of();
    }
    turns.refuseInside();
    List<Outcome> outcomes = new ArrayList<>();
    outcomes.add(outcome(turns.arrive(), all.get(0), options));
    for (Request request : all.subList(1, all.size())) {
      outcomes.add(outcome(null, request, options));
    }
    return List.copyOf(outcomes);
  }

  private Outcome outcome(Turns.@Nullable Ticket first, Request request, RunOptions options) {
    try {
      if (first == null && Generation.isUnwanted(options)) {
        throw new CancelledException("The generation was cancelled before it began.");
      }
      Turns.Ticket ticket = first != null ? first : turns.arriveAgain();
      return new Outcome.Drawn(request, draw(ticket, request, options));
    } catch (RuntimeException e) {
      return new Outcome.Failed(request, e);
    }
  }

  /**
   * Draws a picture on another thread.
   *
   * @param request what to draw, one picture of it
   * @return the picture to come, as {@link #generateAsync(Request, RunOptions)} has it
   * @throws QueueFullException when as many generations wait as may
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public CompletableFuture<Image> generateAsync(Request request) {
    return generateAsync(request, RunOptions.none());
  }

  /**
   * Draws a picture on another thread, a daemon of the library's; the listener is told there. The
   * request takes its place in the queue before this returns.
   *
   * <p>The future ends with what {@link #generate(Request, RunOptions)} returns or throws. When it
   * is completed by others, by {@link CompletableFuture#cancel} or {@link
   * CompletableFuture#orTimeout} for two, the generation is not wanted any more and is stopped as
   * by a {@link Cancellation}; the future does not wait for that. A future that depends on it
   * ({@code thenApply}) does not pass a cancel on.
   *
   * @param request what to draw, one picture of it
   * @param options how to watch and stop it, and what to keep
   * @return the picture to come
   * @throws QueueFullException when as many generations wait as may
   * @throws IllegalArgumentException when the request is for several pictures
   * @throws IllegalStateException when the pipeline is closed
   */
  public CompletableFuture<Image> generateAsync(Request request, RunOptions options) {
    checkOne(request);
    Objects.requireNonNull(options, "options");
    Turns.Ticket ticket = turns.arrive();
    try {
      return Background.start(options, all -> draw(ticket, request, all).get(0));
    } catch (RuntimeException | Error e) { // no thread to be had, for one
      turns.leave(ticket);
      throw e;
    }
  }

  /** Waits for the ticket's turn, which ends here. */
  private List<Image> draw(Turns.Ticket ticket, Request request, RunOptions options) {
    Cancellation cancellation = options.cancellation();
    Runnable wake = turns::wake;
    cancellation.attach(wake);
    try {
      if (!turns.await(ticket, cancellation::isCancelled)) {
        throw new CancelledException("The generation was cancelled before it began.");
      }
      try {
        return new Generation(pipeline, info, request, options).run();
      } finally {
        turns.leave(ticket);
      }
    } finally {
      cancellation.detach(wake);
      Reference.reachabilityFence(pipeline); // else it could be taken for forgotten meanwhile
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
   * Returns what was changed of the checkpoint so that it runs faster; also after it was closed.
   *
   * @return in order what was chosen, and what came of it
   */
  public Plan plan() {
    return plan;
  }

  /**
   * Frees the memory. Waits for the generation that runs, to its end: cancel it first where that
   * takes too long. Those that wait for their turn fail with an {@link IllegalStateException}. May
   * be called twice and by several threads; each returns when all is freed.
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
    private int maxQueued = 64;
    private final Optimizations optimizations = new Optimizations();

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
     * Limits how many generations may wait while one runs. One more is refused with a {@link
     * QueueFullException}: better soon than after an hour in the queue.
     *
     * @param count at least 0, at which whoever comes while one runs is refused; 64 without it
     * @return this
     * @throws IllegalArgumentException when below 0
     */
    public Builder maxQueued(int count) {
      if (count < 0) {
        throw new IllegalArgumentException("maxQueued must be at least 0, not " + count);
      }
      this.maxQueued = count;
      return this;
    }

    /**
     * Chooses how attention is computed in UNet and VAE. Without it, {@link Attention#SDPA}.
     *
     * @param attention fused, or as before that
     * @return this
     */
    public Builder attention(Attention attention) {
      optimizations.attention = Objects.requireNonNull(attention, "attention");
      return this;
    }

    /**
     * Keeps the channels of a pixel together in feature maps, which convolutions prefer. {@link
     * #compile} implies it.
     *
     * @return this
     */
    public Builder channelsLast() {
      optimizations.channelsLast = true;
      return this;
    }

    /**
     * Computes queries, keys and values of an attention as one product: in UNet and VAE, over the
     * text keys and values. The pictures stay what they were but for rounding.
     *
     * @return this
     */
    public Builder fuseQkv() {
      optimizations.fuseQkv = true;
      return this;
    }

    /**
     * Turns 1×1 convolutions into linear layers, so that {@link #int8Dynamic} sees them. {@link
     * #compile} computes the others as products too, but does not show them.
     *
     * @param filter asked about each convolution of UNet and VAE
     * @return this
     */
    public Builder swapConv1x1(ConvFilter filter) {
      optimizations.swapConv1x1(Objects.requireNonNull(filter, "filter"));
      return this;
    }

    /**
     * Multiplies int8 numbers in linear layers of UNet and VAE: weights are converted once,
     * activations token by token as they come. Faster, half the memory or less, and pictures that
     * differ a little. Layers that see one row a picture, and those whose widths are no multiples
     * of 8, stay as they are; {@link Pipeline#plan} lists them.
     *
     * @param filter asked about each linear layer, after {@link #fuseQkv} and {@link #swapConv1x1}
     * @return this
     */
    public Builder int8Dynamic(LinearFilter filter) {
      optimizations.int8Dynamic(Objects.requireNonNull(filter, "filter"));
      return this;
    }

    /**
     * Multiplies int8 numbers where that is faster on this machine: each distinct shape of linear
     * layer is timed while the pipeline opens, for pictures of the model's own size. Another
     * machine may choose other layers and so draw another picture from the same seed: {@link
     * Pipeline#plan} keeps the choice, {@link #plan} repeats it.
     *
     * @return this
     */
    public Builder int8Dynamic() {
      optimizations.int8WhereFaster(Optional.empty());
      return this;
    }

    /**
     * As {@link #int8Dynamic()}, timed for pictures of another size.
     *
     * @param size of the pictures to come
     * @return this
     */
    public Builder int8Dynamic(Size size) {
      optimizations.int8WhereFaster(Optional.of(size));
      return this;
    }

    /**
     * Chooses how numbers become int8. Without it, {@link Int8Scheme#TUTORIAL}.
     *
     * @param scheme rounding and scale
     * @return this
     */
    public Builder int8Scheme(Int8Scheme scheme) {
      optimizations.scheme = Objects.requireNonNull(scheme, "scheme");
      return this;
    }

    /**
     * Repeats a plan, in place of what was asked for so far: its precision and optimisations, layer
     * by layer. {@link #build} and {@link #compile} end the chain alike then: the plan says which.
     *
     * @param plan of a pipeline of the same checkpoint, from {@link Pipeline#plan} or {@link
     *     Plan#read}
     * @return this
     */
    public Builder plan(Plan plan) {
      precision = Optional.of(plan.precision());
      optimizations.replay(plan);
      return this;
    }

    /**
     * Loads the checkpoint and gets it ready to draw fast: feature maps with the channels of a
     * pixel together, 1×1 convolutions as products, weights in the order that the device computes
     * in, work that does not change from step to step done once a picture, one pass for guidance
     * and sampler. Pictures of any size and number work at once; they are those of {@link #build}
     * but for rounding. On CUDA not yet: an exception says so.
     *
     * @return the pipeline, to be closed
     * @throws InvalidModelException as {@link #build}
     * @throws NativeLibraryException as {@link #build}
     * @throws AllaPrimaException as {@link #build}, and with {@link ErrorCode#UNAVAILABLE} where
     *     something cannot be compiled: never quietly without
     */
    public Pipeline compile() {
      optimizations.compile = true;
      return open();
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
      return open();
    }

    private Pipeline open() {
      Path folder = model.orElseGet(DefaultModel::folder).toAbsolutePath();
      // Both enums stand in the order of the C API's constants; there 0 is the library's choice.
      int wanted = precision.map(p -> p.ordinal() + 1).orElse(0);
      return new Pipeline(
          NativePipeline.open(
              new NativePipeline.Options(
                  folder, device.kind().ordinal(), device.index(), wanted, threads, variant)),
          maxQueued,
          optimizations::apply);
    }
  }
}
