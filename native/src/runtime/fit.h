// What one component of a checkpoint gives must be what the next one takes. Each check throws
// kInvalidModel and looks at configurations only.
#pragma once

#include <array>
#include <string>

#include "networks/config.h"
#include "text/clip_tokenizer.h"

namespace allaprima::runtime {

void check_text_width(const networks::ClipTextConfig& first, const networks::ClipTextConfig& second,
                      const networks::UNetConfig& unet, const std::string& model_folder);

void check_vocabulary(const ClipTokenizer& tokenizer, const networks::ClipTextConfig& encoder,
                      const std::string& model_folder);

/// Tokens of both tokenizers, positions of both text encoders.
void check_lengths(std::array<int64_t, 2> tokens, std::array<int64_t, 2> positions,
                   const std::string& model_folder);

void check_channels(const networks::UNetConfig& unet, const networks::VaeConfig& vae,
                    const std::string& model_folder);

/// `found`: whether a component has the variant that was asked for.
void check_variant_found(bool found, const std::string& variant, const std::string& model_folder);

/// The second text encoder's projection.
void check_pooled(int64_t projection, const networks::UNetConfig& unet,
                  const std::string& model_folder);

}  // namespace allaprima::runtime
