// The table of contents of a diffusers folder.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include "base/json_file.h"

namespace allaprima::runtime {

/// What an SDXL pipeline is made of, in the order in which it is loaded.
constexpr std::array<const char*, 7> kComponents{
    "scheduler", "tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2", "unet", "vae"};

/// Those of them with weights, and how their files are called.
constexpr std::array<std::pair<const char*, const char*>, 4> kWeighted{
    {{"text_encoder", "model"},
     {"text_encoder_2", "model"},
     {"unet", "diffusion_pytorch_model"},
     {"vae", "diffusion_pytorch_model"}}};
/// How the files of one of these are called.
const char* stem_of(const std::string& component);

struct ModelIndex {
  bool zeros_for_no_negative_prompt;

  /// Reads `model`/model_index.json. Throws kInvalidModel when it is not there, is not of SDXL's
  /// text-to-image pipeline or names a component that is not there.
  static ModelIndex read(const std::filesystem::path& model);
};

// What `read` is made of, for those who want all faults and not the first. Each throws
// kInvalidModel.
Json open_model_index(const std::filesystem::path& model);
void check_pipeline(const Json& index, const std::filesystem::path& model);
void check_component(const Json& index, const std::filesystem::path& model,
                     const std::string& name);
/// Of a scheduler that passed `check_component`.
void check_scheduler(const Json& index, const std::filesystem::path& model);

}  // namespace allaprima::runtime
