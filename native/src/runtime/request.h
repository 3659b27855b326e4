// What one generation is asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/text_conditioning.h"

namespace allaprima::runtime {

class Pipeline;

/// In pixels, what SDXL was told of each training picture: its size before it was scaled and cut,
/// where it was cut, and the size it was brought to. A size of 0 is that of the picture to draw.
struct SizeConditioning {
  int64_t original_width = 0, original_height = 0;
  int64_t crop_left = 0, crop_top = 0;
  int64_t target_width = 0, target_height = 0;
};

struct Request {
  std::string prompt, prompt_2;  // an empty second one: the first for both encoders
  std::optional<std::string> negative_prompt;
  std::string negative_prompt_2;
  int64_t clip_skip = 0;
  int64_t width = 0, height = 0;  // pixels; 0: the model's own size
  SizeConditioning sizes;
  SizeConditioning negative_sizes;  // counts only when its original and its target are given
  int64_t steps = 30;
  int64_t images = 1;
  double guidance = 5;
  double guidance_rescale = 0;
  uint64_t seed = 0;
  std::vector<uint64_t> seeds;    // one for each picture; empty: all from `seed`
  std::filesystem::path latents;  // empty: noise from the seeds
  bool keep_stages = false;
};

/// The request with the model's own size where it has none. Throws kInvalidArgument.
Request checked(Request request, const Pipeline& pipeline);

/// What the text encoders and the size embedding need of a checked request.
Prompts prompts_of(const Request& request, bool guided);

}  // namespace allaprima::runtime
