package io.github.allaprima.internal;

import io.github.allaprima.Conditioning;
import io.github.allaprima.Request;
import org.bytedeco.javacpp.LongPointer;

/** A request as the C API takes it. */
final class RequestStructs {
  private RequestStructs() {}

  /**
   * Of a request with steps and guidance. The struct and the memory that it points to live as long
   * as the caller's pointer scope.
   */
  static CApi.RequestStruct of(Request request) {
    CApi.RequestStruct struct = new CApi.RequestStruct();
    struct.struct_size(struct.sizeof());
    setTexts(request, struct);
    struct
        .clip_skip(request.clipSkip())
        .steps(request.steps().orElseThrow())
        .images(request.images())
        .guidance(request.guidance().orElseThrow())
        .guidance_rescale(request.guidanceRescale())
        .seed(request.seed().orElse(0)); // without effect beside seeds and latents
    request.size().ifPresent(size -> struct.width(size.width()).height(size.height()));
    struct.sizes(sizes(request.conditioning()));
    request.negativeConditioning().ifPresent(sizes -> struct.negative_sizes(sizes(sizes)));
    if (!request.seeds().isEmpty()) {
      long[] seeds = request.seeds().stream().mapToLong(Long::longValue).toArray();
      struct.seeds(new LongPointer(seeds)).seeds_count(seeds.length);
    }
    return struct;
  }

  private static void setTexts(Request request, CApi.RequestStruct struct) {
    Utf8 prompt = new Utf8(request.prompt());
    Utf8 prompt2 = new Utf8(request.prompt2().orElse(null));
    Utf8 negative = new Utf8(request.negativePrompt().orElse(null));
    Utf8 negative2 = new Utf8(request.negativePrompt2().orElse(null));
    Utf8 latents = new Utf8(request.latents().map(NativePipeline::absolute).orElse(null));
    struct
        .prompt(prompt.pointer())
        .prompt_size(prompt.size())
        .prompt_2(prompt2.pointer())
        .prompt_2_size(prompt2.size())
        .negative_prompt(negative.pointer())
        .negative_prompt_size(negative.size())
        .negative_prompt_2(negative2.pointer())
        .negative_prompt_2_size(negative2.size())
        .latents(latents.pointer())
        .latents_size(latents.size());
  }

  private static CApi.SizesStruct sizes(Conditioning conditioning) {
    CApi.SizesStruct sizes = new CApi.SizesStruct();
    sizes.crop_left(conditioning.cropLeft()).crop_top(conditioning.cropTop());
    conditioning
        .originalSize()
        .ifPresent(size -> sizes.original_width(size.width()).original_height(size.height()));
    conditioning
        .targetSize()
        .ifPresent(size -> sizes.target_width(size.width()).target_height(size.height()));
    return sizes;
  }
}
