package io.github.allaprima;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * What to draw. Immutable: the methods that change a value return a copy.
 *
 * @param prompt the text; words beyond the tokenizer's limit are left out and listed in the report
 * @param prompt2 another text for the second text encoder; absent or "": the prompt
 * @param negativePrompt what to keep away from. Absent and empty are different pictures: absent
 *     means zeros in place of an embedding, "" means the embedding of the empty text
 * @param negativePrompt2 another text to keep away from for the second text encoder; absent or "":
 *     the negative prompt. Without effect where an absent negative prompt means zeros
 * @param clipSkip last layers of the text encoders left out for the prompt, beyond the one that
 *     SDXL always leaves out; 0 to one less than they have
 * @param size of the picture; absent: the model's own
 * @param conditioning what the model is told of sizes and crop
 * @param negativeConditioning what the unconditional half of guidance is told; absent: the same
 * @param steps number of denoising steps, 1 to 1000; absent: the model's own, {@link
 *     PipelineInfo#steps}
 * @param guidance classifier-free guidance scale, finite; at or below 1 it is off. A model whose
 *     UNet takes the scale as an input (LCM) is told it, and looks at no negative prompt. Absent:
 *     the model's own, {@link PipelineInfo#guidance}
 * @param guidanceRescale how far guidance is kept from raising the deviation of the prediction,
 *     which makes pictures too bright and too dark; 0, not at all, to 1, wholly
 * @param images number of pictures, 1 to 64; they differ in their noise. Together they have at most
 *     2²⁶ pixels, as 64 of 1024x1024 have
 * @param seed of the noise of all pictures, read as an unsigned number of 64 bits; absent: other
 *     ones each time, to be found in {@link Image#request}
 * @param seeds one for each picture in place of the seed; empty: there are none
 * @param latents a safetensors file whose {@code latents} [images, 4, height/8, width/8] is the
 *     unscaled N(0,1) noise to start from in place of the seeds', which have no effect then. What
 *     {@link RunOptions#saveLatents} wrote is the end of a generation, not its start, and refused
 */
public record Request(
    String prompt,
    Optional<String> prompt2,
    Optional<String> negativePrompt,
    Optional<String> negativePrompt2,
    int clipSkip,
    Optional<Size> size,
    Conditioning conditioning,
    Optional<Conditioning> negativeConditioning,
    OptionalInt steps,
    OptionalDouble guidance,
    double guidanceRescale,
    int images,
    OptionalLong seed,
    List<Long> seeds,
    Optional<Path> latents) {
  private static final int MAX_STEPS = 1000;
  private static final int MAX_IMAGES = 64;

  /**
   * Checks the values.
   *
   * @param prompt as {@link #prompt}
   * @param prompt2 as {@link #prompt2}
   * @param negativePrompt as {@link #negativePrompt}
   * @param negativePrompt2 as {@link #negativePrompt2}
   * @param clipSkip as {@link #clipSkip}
   * @param size as {@link #size}
   * @param conditioning as {@link #conditioning}
   * @param negativeConditioning as {@link #negativeConditioning}
   * @param steps as {@link #steps}
   * @param guidance as {@link #guidance}
   * @param guidanceRescale as {@link #guidanceRescale}
   * @param images as {@link #images}
   * @param seed as {@link #seed}
   * @param seeds as {@link #seeds}
   * @param latents as {@link #latents}
   * @throws IllegalArgumentException when one is out of its range
   * @throws NullPointerException when one is null
   */
  public Request {
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(prompt2, "prompt2");
    Objects.requireNonNull(negativePrompt, "negativePrompt");
    Objects.requireNonNull(negativePrompt2, "negativePrompt2");
    Objects.requireNonNull(size, "size");
    Objects.requireNonNull(conditioning, "conditioning");
    Objects.requireNonNull(negativeConditioning, "negativeConditioning");
    Objects.requireNonNull(steps, "steps");
    Objects.requireNonNull(guidance, "guidance");
    Objects.requireNonNull(seed, "seed");
    Objects.requireNonNull(latents, "latents");
    seeds = List.copyOf(seeds);
    check(clipSkip >= 0, "clipSkip must be at least 0, not " + clipSkip);
    steps.ifPresent(Request::checkSteps);
    guidance.ifPresent(
        scale -> check(Double.isFinite(scale), "guidance must be finite, not " + scale));
    check(
        guidanceRescale >= 0 && guidanceRescale <= 1,
        "guidanceRescale must be 0 to 1, not " + guidanceRescale);
    check(
        images >= 1 && images <= MAX_IMAGES,
        "images must be 1 to " + MAX_IMAGES + ", not " + images);
    check(
        seeds.isEmpty() || seeds.size() == images && seed.isEmpty(),
        "seeds must be one for each image, with no seed beside them");
    check(
        negativeConditioning.map(Conditioning::isComplete).orElse(true),
        "negativeConditioning needs an original and a target size: without both it has no effect");
  }

  private static void checkSteps(int count) {
    check(count >= 1 && count <= MAX_STEPS, "steps must be 1 to " + MAX_STEPS + ", not " + count);
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  /**
   * Returns a request with defaults for all but the prompt.
   *
   * @param prompt the text
   * @return one picture, with the model's own steps, guidance and size, another seed each time
   */
  public static Request of(String prompt) {
    return new Draft(prompt).request();
  }

  /**
   * Returns a copy with another text for the second text encoder.
   *
   * @param text "" is the prompt again
   * @return the copy
   */
  public Request prompt2(String text) {
    return with(draft -> draft.prompt2 = Optional.of(text));
  }

  /**
   * Returns a copy with a negative prompt.
   *
   * @param text what to keep away from; "" is the embedding of the empty text
   * @return the copy
   */
  public Request negativePrompt(String text) {
    return with(draft -> draft.negativePrompt = Optional.of(text));
  }

  /**
   * Returns a copy with another text to keep away from for the second text encoder.
   *
   * @param text "" is the negative prompt again
   * @return the copy
   */
  public Request negativePrompt2(String text) {
    return with(draft -> draft.negativePrompt2 = Optional.of(text));
  }

  /**
   * Returns a copy that leaves out last layers of the text encoders for the prompt.
   *
   * @param layers at least 0, below the number of layers, 12 for SDXL's smaller encoder
   * @return the copy
   * @throws IllegalArgumentException when below 0
   */
  public Request clipSkip(int layers) {
    return with(draft -> draft.clipSkip = layers);
  }

  /**
   * Returns a copy with a size.
   *
   * @param width in pixels, at least 1, a multiple of the model's factor; width times height is at
   *     most 2²³ - 1: beyond, SDXL's decoder has maps of more numbers than 32 bits count
   * @param height in pixels, as the width
   * @return the copy
   * @throws IllegalArgumentException when one is below 1
   */
  public Request size(int width, int height) {
    return with(draft -> draft.size = Optional.of(new Size(width, height)));
  }

  /**
   * Returns a copy that tells the model of sizes and crop.
   *
   * @param sizes what to tell
   * @return the copy
   */
  public Request conditioning(Conditioning sizes) {
    return with(draft -> draft.conditioning = sizes);
  }

  /**
   * Returns a copy that tells the unconditional half of guidance of other sizes.
   *
   * @param sizes what to tell; with an original and a target size
   * @return the copy
   * @throws IllegalArgumentException when one of the two is absent
   */
  public Request negativeConditioning(Conditioning sizes) {
    return with(draft -> draft.negativeConditioning = Optional.of(sizes));
  }

  /**
   * Returns a copy with a number of steps.
   *
   * @param count 1 to 1000
   * @return the copy
   * @throws IllegalArgumentException when out of range
   */
  public Request steps(int count) {
    return with(draft -> draft.steps = OptionalInt.of(count));
  }

  /**
   * Returns a copy with a guidance scale.
   *
   * @param scale finite; at or below 1 guidance is off
   * @return the copy
   * @throws IllegalArgumentException when not finite
   */
  public Request guidance(double scale) {
    return with(draft -> draft.guidance = OptionalDouble.of(scale));
  }

  /**
   * Returns a copy that keeps guidance from raising the deviation of the prediction.
   *
   * @param share 0 to 1; 0.7 is usual for models of zero terminal SNR
   * @return the copy
   * @throws IllegalArgumentException when out of range
   */
  public Request guidanceRescale(double share) {
    return with(draft -> draft.guidanceRescale = share);
  }

  /**
   * Returns a copy with a number of pictures, for {@link Pipeline#generateAll(Request)}. With one
   * {@link #seed(long)} their noise is drawn one after the other, as diffusers draws it; without,
   * each picture gets a seed of its own.
   *
   * @param count 1 to 64
   * @return the copy
   * @throws IllegalArgumentException when out of range, or not the number of {@link #seeds}
   */
  public Request images(int count) {
    return with(draft -> draft.images = count);
  }

  /**
   * Returns a copy with a seed. The same request with the same seed is the same picture.
   *
   * @param value any, read as an unsigned number of 64 bits
   * @return the copy
   */
  public Request seed(long value) {
    return with(
        draft -> {
          draft.seed = OptionalLong.of(value);
          draft.seeds = List.of();
        });
  }

  /**
   * Returns a copy that draws as many pictures as there are seeds. Each is, but for rounding, the
   * one that its seed draws alone.
   *
   * @param values 1 to 64, read as unsigned numbers of 64 bits
   * @return the copy
   * @throws IllegalArgumentException when there are none or too many
   */
  public Request seeds(long... values) {
    return with(
        draft -> {
          draft.images = values.length;
          draft.seed = OptionalLong.empty();
          draft.seeds = Arrays.stream(values).boxed().toList();
        });
  }

  /**
   * Returns a copy that starts from given noise.
   *
   * @param file a safetensors file with {@code latents} [images, 4, height/8, width/8]
   * @return the copy
   */
  public Request latents(Path file) {
    return with(draft -> draft.latents = Optional.of(file));
  }

  /** A copy as the noise of a file leaves it: seeds have no effect beside it. */
  Request withoutSeeds() {
    return with(
        draft -> {
          draft.seed = OptionalLong.empty();
          draft.seeds = List.of();
        });
  }

  private Request with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.request();
  }

  /** The values while they change, by name. */
  private static final class Draft {
    private final String prompt;
    private Optional<String> prompt2 = Optional.empty();
    private Optional<String> negativePrompt = Optional.empty();
    private Optional<String> negativePrompt2 = Optional.empty();
    private int clipSkip;
    private Optional<Size> size = Optional.empty();
    private Conditioning conditioning = Conditioning.defaults();
    private Optional<Conditioning> negativeConditioning = Optional.empty();
    private OptionalInt steps = OptionalInt.empty();
    private OptionalDouble guidance = OptionalDouble.empty();
    private double guidanceRescale;
    private int images = 1;
    private OptionalLong seed = OptionalLong.empty();
    private List<Long> seeds = List.of();
    private Optional<Path> latents = Optional.empty();

    Draft(String prompt) {
      this.prompt = prompt;
    }

    Draft(Request request) {
      this(request.prompt);
      prompt2 = request.prompt2;
      negativePrompt = request.negativePrompt;
      negativePrompt2 = request.negativePrompt2;
      clipSkip = request.clipSkip;
      size = request.size;
      conditioning = request.conditioning;
      negativeConditioning = request.negativeConditioning;
      steps = request.steps;
      guidance = request.guidance;
      guidanceRescale = request.guidanceRescale;
      images = request.images;
      seed = request.seed;
      seeds = request.seeds;
      latents = request.latents;
    }

    Request request() {
      return new Request(
          prompt,
          prompt2,
          negativePrompt,
          negativePrompt2,
          clipSkip,
          size,
          conditioning,
          negativeConditioning,
          steps,
          guidance,
          guidanceRescale,
          images,
          seed,
          seeds,
          latents);
    }
  }
}
