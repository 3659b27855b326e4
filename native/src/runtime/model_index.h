// The table of contents of a diffusers folder.
#pragma once

#include <filesystem>

namespace allaprima::runtime {

struct ModelIndex {
  bool zeros_for_no_negative_prompt;

  /// Reads `model`/model_index.json. Throws kInvalidModel when it is not there, is not of SDXL's
  /// text-to-image pipeline or names a component that is not there.
  static ModelIndex read(const std::filesystem::path& model);
};

}  // namespace allaprima::runtime
