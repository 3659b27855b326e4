// What a model's maker thinks best for it, where a request leaves it open.
#pragma once

#include <cstdint>
#include <filesystem>

namespace allaprima::runtime {

struct GenerationDefaults {
  int64_t steps = 30;
  double guidance = 5;

  /// From `model`/generation_config.json, keys num_inference_steps (1 to 1000) and guidance_scale
  /// (0 to 100); SDXL's where there is no such file or key. Throws kInvalidModel.
  static GenerationDefaults read(const std::filesystem::path& model);
};

}  // namespace allaprima::runtime
