// Typed configurations of the networks, read from the checkpoint's JSON. What would change the
// result and is not supported is refused by name and value.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json_file.h"

namespace allaprima::networks {

/// Of the two text encoders of SDXL the second one projects a pooled vector.
enum class Projection { kNone, kPresent };

struct ClipTextConfig {
  int64_t vocabulary, width, feed_forward, layers, heads, positions;
  int64_t projection;  // 0: the model has no projection
  int64_t end_token;
  bool quick_gelu;
  double norm_eps;

  static ClipTextConfig read(const std::filesystem::path& folder, Projection projection);
};

/// One level of the UNet: its width, heads, and for each residual block the depth of the
/// transformer behind it, 0 where there is none.
struct UNetLevel {
  int64_t width;
  int64_t heads;
  std::vector<int64_t> transformer_depths;
};

struct UNetConfig {
  int64_t in_channels, out_channels, sample_size;
  std::vector<UNetLevel> down;  // outermost first
  std::vector<UNetLevel> up;    // innermost first, one residual block more than `down`
  int64_t mid_depth;            // of the transformer in the middle
  int64_t text_width, groups;
  double norm_eps;
  bool linear_projection;
  bool cosine_first;
  double frequency_shift;
  int64_t size_embedding_width;  // of each of the six numbers of the picture's size
  int64_t pooled_width;          // of the pooled text vector

  static UNetConfig read(const std::filesystem::path& folder);
};

struct VaeConfig {
  int64_t latent_channels, out_channels, groups, layers_per_block;
  std::vector<int64_t> widths;  // outermost first
  double scaling_factor;
  bool force_upcast;  // its numbers outgrow fp16

  static VaeConfig read(const std::filesystem::path& folder);
  /// Pixels per latent, along each side.
  int64_t factor() const { return int64_t{1} << (widths.size() - 1); }
};

}  // namespace allaprima::networks
