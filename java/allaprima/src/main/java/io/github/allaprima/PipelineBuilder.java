package io.github.allaprima;

import io.github.allaprima.internal.DefaultModel;
import io.github.allaprima.internal.NativePipeline;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/** Describes a pipeline: {@link Pipeline#builder}. Not for several threads at a time. */
public final class PipelineBuilder {
  private Optional<Path> model = Optional.empty();
  private Device device = Device.auto();
  private Optional<Precision> precision = Optional.empty();
  private String variant = "";
  private int threads;
  private int maxQueued = 64;
  private final Optimizations optimizations = new Optimizations();

  PipelineBuilder() {}

  /**
   * Names the checkpoint. Without it, the small model of the artifact {@code allaprima-model} is
   * used.
   *
   * @param folder a diffusers folder: {@code model_index.json} and its components
   * @return this
   */
  public PipelineBuilder model(Path folder) {
    this.model = Optional.of(folder);
    return this;
  }

  /**
   * Chooses the device. Without it, {@link Device#auto}.
   *
   * @param device where to run
   * @return this
   */
  public PipelineBuilder device(Device device) {
    this.device = Objects.requireNonNull(device, "device");
    return this;
  }

  /**
   * Asks for 32-bit weights and activations. Without a precision, fp32 is taken on a processor
   * without bfloat16 of its own, bf16 elsewhere.
   *
   * @return this
   */
  public PipelineBuilder fp32() {
    precision = Optional.of(Precision.FP32);
    return this;
  }

  /**
   * Asks for bfloat16 weights and activations.
   *
   * @return this
   */
  public PipelineBuilder bf16() {
    precision = Optional.of(Precision.BF16);
    return this;
  }

  /**
   * Asks for IEEE half-precision weights and activations. A VAE whose numbers outgrow them, which
   * its {@code config.json} says with {@code force_upcast}, computes in fp32.
   *
   * @return this
   */
  public PipelineBuilder fp16() {
    precision = Optional.of(Precision.FP16);
    return this;
  }

  /**
   * Chooses among the weights of a checkpoint, as in {@code "fp16"} for {@code
   * model.fp16.safetensors}. A component that lacks this variant is loaded from its plain files.
   * Without a variant, the plain files; where a component has none, its only variant. {@link
   * PipelineInfo#json} tells which file was loaded. The precision is another matter: {@link #fp16}.
   *
   * @param name letters, digits, {@code _}, {@code -} and {@code .}; "" is none
   * @return this
   */
  public PipelineBuilder variant(String name) {
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
  public PipelineBuilder threads(int count) {
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
  public PipelineBuilder maxQueued(int count) {
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
  public PipelineBuilder attention(Attention attention) {
    optimizations.attention = Objects.requireNonNull(attention, "attention");
    return this;
  }

  /**
   * Keeps the channels of a pixel together in feature maps, which convolutions prefer. {@link
   * #compile} implies it.
   *
   * @return this
   */
  public PipelineBuilder channelsLast() {
    optimizations.channelsLast = true;
    return this;
  }

  /**
   * Computes queries, keys and values of an attention as one product: in UNet and VAE, over the
   * text keys and values. The pictures stay what they were but for rounding.
   *
   * @return this
   */
  public PipelineBuilder fuseQkv() {
    optimizations.fuseQkv = true;
    return this;
  }

  /**
   * Turns 1×1 convolutions into linear layers, so that {@link #int8Dynamic} and {@link #fp8Dynamic}
   * see them. {@link #compile} computes the others as products too, but does not show them.
   *
   * @param filter asked about each convolution of UNet and VAE
   * @return this
   */
  public PipelineBuilder swapConv1x1(ConvFilter filter) {
    optimizations.swapConv1x1(Objects.requireNonNull(filter, "filter"));
    return this;
  }

  /**
   * Multiplies int8 numbers in linear layers of UNet and VAE: weights are converted once,
   * activations token by token as they come. Faster, half the memory or less, and pictures that
   * differ a little. Layers that see one row a picture, and those whose widths are no multiples of
   * 8, stay as they are; {@link Pipeline#plan} lists them.
   *
   * @param filter asked about each linear layer, after {@link #fuseQkv} and {@link #swapConv1x1}
   * @return this
   */
  public PipelineBuilder int8Dynamic(LinearFilter filter) {
    optimizations.int8Dynamic(Objects.requireNonNull(filter, "filter"));
    return this;
  }

  /**
   * Multiplies int8 numbers where that is faster on this machine: each distinct shape of linear
   * layer is timed while the pipeline opens, for pictures of the model's own size. Another machine
   * may choose other layers and so draw another picture from the same seed: {@link Pipeline#plan}
   * keeps the choice, {@link #plan} repeats it.
   *
   * @return this
   */
  public PipelineBuilder int8Dynamic() {
    optimizations.int8WhereFaster(Optional.empty());
    return this;
  }

  /**
   * As {@link #int8Dynamic()}, timed for pictures of another size.
   *
   * @param size of the pictures to come
   * @return this
   */
  public PipelineBuilder int8Dynamic(Size size) {
    optimizations.int8WhereFaster(Optional.of(size));
    return this;
  }

  /**
   * Chooses how numbers become int8. Without it, {@link Int8Scheme#TUTORIAL}.
   *
   * @param scheme rounding and scale
   * @return this
   */
  public PipelineBuilder int8Scheme(Int8Scheme scheme) {
    optimizations.scheme = Objects.requireNonNull(scheme, "scheme");
    return this;
  }

  /**
   * Multiplies float8 numbers (e4m3) in linear layers of UNet and VAE, on a GPU of compute
   * capability 8.9 or higher and in {@link #bf16}; elsewhere opening the pipeline fails. Weights
   * are converted once, activations token by token as they come, each row with a scale of its own.
   * Half the memory, and pictures that differ a little. Layers that see one row a picture, those
   * whose widths are no multiples of 16, and those that {@link #int8Dynamic} took, stay as they
   * are; {@link Pipeline#plan} lists them.
   *
   * @param filter asked about each linear layer, after {@link #fuseQkv} and {@link #swapConv1x1}
   * @return this
   */
  public PipelineBuilder fp8Dynamic(LinearFilter filter) {
    optimizations.fp8Dynamic(Objects.requireNonNull(filter, "filter"));
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
  public PipelineBuilder plan(Plan plan) {
    precision = Optional.of(plan.precision());
    optimizations.replay(plan);
    return this;
  }

  /**
   * Loads the checkpoint and gets it ready to draw fast: feature maps with the channels of a pixel
   * together, 1×1 convolutions as products, weights in the order that a processor computes in, work
   * that does not change from step to step done once a picture, one pass for guidance and sampler.
   * On CUDA a step, the text encoders and the decoder are each recorded as a CUDA graph at the
   * first picture of a size, and replayed from then on. Pictures of any size and number work at
   * once; they are those of {@link #build} but for rounding. Which of its implementations of
   * attention and convolutions libtorch takes on a GPU is then chosen by time, so that another
   * process may draw a seed's picture with other rounding.
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
   * @throws InvalidModelException when the checkpoint is missing, broken or not supported, and when
   *     no component has the variant
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
