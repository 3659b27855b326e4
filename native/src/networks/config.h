// Typed configurations of the networks, read from the checkpoint's JSON. What would change the
// result and is not supported is refused by name and value: the first by an exception, or all in a
// list where one is given.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/config_reader.h"

namespace allaprima::networks {

/// Of the two text encoders of SDXL the second one projects a pooled vector.
enum class Projection { kNone, kPresent };

struct ClipTextConfig {
  int64_t vocabulary, width, feed_forward, layers, heads, positions;
  int64_t projection;  // 0: the model has no projection
  int64_t end_token;
  bool quick_gelu;
  double norm_eps;

  static ClipTextConfig read(const std::filesystem::path& folder, Projection projection,
                             Refusals* refusals = nullptr);
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
  std::vector<UNetLevel> down;      // outermost first
  std::vector<int64_t> mid_depths;  // as in a level; empty: there is no block in the middle
  std::vector<UNetLevel> up;        // innermost first, one residual block more than `down`
  int64_t text_width, groups;
  double norm_eps;
  bool linear_projection;
  bool cosine_first;
  double frequency_shift;
  int64_t time_width;            // of the timestep's embedding
  int64_t guidance_width;        // of the embedded guidance scale, 0: the UNet is not told of it
  int64_t size_embedding_width;  // of each number about the picture: six, for the refiner five
  int64_t added_width;           // of the pooled text and those embedded numbers together

  static UNetConfig read(const std::filesystem::path& folder, Refusals* refusals = nullptr);
  /// What is left for the pooled text beside `numbers` embedded ones.
  int64_t pooled_width(int64_t numbers) const {
    return added_width - numbers * size_embedding_width;
  }
};

struct VaeConfig {
  int64_t latent_channels, out_channels, groups, layers_per_block;
  std::vector<int64_t> widths;  // outermost first
  bool post_quant_conv, mid_attention;
  double scaling_factor;
  bool force_upcast;  // its numbers outgrow fp16
  // Of the latents before scaling, a number a channel; both empty where they are not used.
  std::vector<double> latents_mean, latents_std;

  static VaeConfig read(const std::filesystem::path& folder, Refusals* refusals = nullptr);
  /// Pixels per latent, along each side.
  int64_t factor() const { return int64_t{1} << (widths.size() - 1); }
};

}  // namespace allaprima::networks
