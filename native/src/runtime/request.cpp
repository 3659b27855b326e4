#include "runtime/request.h"

#include <algorithm>
#include <cmath>

#include "runtime/pipeline.h"

namespace allaprima::runtime {

namespace {

constexpr int64_t kLargestSide = 16384, kMostImages = 64, kMostPromptBytes = 1 << 20;
constexpr int64_t kLargestOriginal = 1 << 20;
// SDXL's decoder ends with maps of 256 channels: beyond this they have more numbers than 32 bits
// count, which many kernels rely on, and each takes over 8 GB in fp32.
constexpr int64_t kMostPixels = (1 << 23) - 1;
// 64 pictures of 1024x1024. The UNet draws all at once: with guidance, SDXL's widest map, 960
// channels at an eighth of the size, has 2.0e9 numbers then, just below what 32 bits count.
constexpr int64_t kMostPixelsTogether = 1 << 26;

void check_range(const char* name, int64_t value, int64_t least, int64_t most) {
  check(value >= least && value <= most, Code::kInvalidArgument, name, " is ", value, ", expected ",
        least, " to ", most);
}

void check_side(const char* name, int64_t value, int64_t multiple) {
  check(value >= multiple && value <= kLargestSide && value % multiple == 0, Code::kInvalidArgument,
        name, " is ", value, ", expected a multiple of ", multiple, " from ", multiple, " to ",
        kLargestSide);
}

/// Throws kInvalidArgument when a prompt is too long or no UTF-8.
void check_text(const std::string& prompt, const Pipeline& pipeline) {
  check(prompt.size() <= kMostPromptBytes, Code::kInvalidArgument, "a prompt has ", prompt.size(),
        " bytes, at most ", kMostPromptBytes, " are taken");
  pipeline.text().first().tokenizer.encode(prompt);
}

void check_pair(const char* name, int64_t width, int64_t height) {
  check_range(name, width, 0, kLargestOriginal);
  check_range(name, height, 0, kLargestOriginal);
  check((width == 0) == (height == 0), Code::kInvalidArgument, name, " is ", width, "x", height,
        ", expected both sides or neither");
}

void check_sizes(const SizeConditioning& sizes) {
  check_pair("the original size", sizes.original_width, sizes.original_height);
  check_pair("the target size", sizes.target_width, sizes.target_height);
  check_range("crop_left", sizes.crop_left, 0, kLargestOriginal);
  check_range("crop_top", sizes.crop_top, 0, kLargestOriginal);
}

void check_numbers(const Request& request, const Pipeline& pipeline) {
  check(request.seeds.empty() || static_cast<int64_t>(request.seeds.size()) == request.images,
        Code::kInvalidArgument, request.seeds.size(), " seeds are given for ", request.images,
        " images; give one for each, or none");
  check(std::isfinite(request.guidance), Code::kInvalidArgument, "guidance is ", request.guidance,
        ", expected a finite number");
  check(request.guidance_rescale >= 0 && request.guidance_rescale <= 1, Code::kInvalidArgument,
        "guidance_rescale is ", request.guidance_rescale, ", expected 0 to 1");
  const int64_t layers = std::min(pipeline.text().first().encoder.config().layers,
                                  pipeline.text().second().encoder.config().layers);
  check_range("clip_skip", request.clip_skip, 0, layers - 1);
}

SizeNumbers numbers_of(const SizeConditioning& sizes, const Request& request) {
  const auto given = [](int64_t side, int64_t otherwise) {
    return static_cast<float>(side == 0 ? otherwise : side);
  };
  return {given(sizes.original_height, request.height), given(sizes.original_width, request.width),
          static_cast<float>(sizes.crop_top),           static_cast<float>(sizes.crop_left),
          given(sizes.target_height, request.height),   given(sizes.target_width, request.width)};
}

}  // namespace

Request checked(Request request, const Pipeline& pipeline) {
  const int64_t multiple = pipeline.vae().config().factor();
  if (request.width == 0) request.width = pipeline.default_size();
  if (request.height == 0) request.height = pipeline.default_size();
  check_side("width", request.width, multiple);
  check_side("height", request.height, multiple);
  check(request.width * request.height <= kMostPixels, Code::kInvalidArgument, request.width, "x",
        request.height, " is ", request.width * request.height, " pixels, at most ", kMostPixels,
        " are drawn; draw a smaller picture and enlarge it");
  check_range("images", request.images, 1, kMostImages);
  check(request.images * request.width * request.height <= kMostPixelsTogether,
        Code::kInvalidArgument, request.images, " images of ", request.width, "x", request.height,
        " are ", request.images * request.width * request.height, " pixels, at most ",
        kMostPixelsTogether, " are drawn together; draw fewer at a time");
  check_sizes(request.sizes);
  check_sizes(request.negative_sizes);
  check_numbers(request, pipeline);
  for (const std::string* text : {&request.prompt, &request.prompt_2, &request.negative_prompt_2}) {
    check_text(*text, pipeline);
  }
  check_text(request.negative_prompt.value_or(""), pipeline);
  return request;
}

Prompts prompts_of(const Request& request, bool guided) {
  const SizeConditioning& negative = request.negative_sizes;
  const bool has_negative = negative.original_width > 0 && negative.target_width > 0;
  return {request.prompt,
          request.prompt_2,
          request.negative_prompt,
          request.negative_prompt_2,
          request.clip_skip,
          guided,
          request.images,
          numbers_of(request.sizes, request),
          numbers_of(has_negative ? negative : request.sizes, request)};
}

}  // namespace allaprima::runtime
