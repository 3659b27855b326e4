// The denoiser of SDXL, UNet2DConditionModel. Work that does not depend on the latents has a place
// of its own: it can be done once for all steps.
#pragma once

#include "networks/unet_blocks.h"
#include "nn/timestep_embedding.h"

namespace allaprima::networks {

/// What a picture shall show. B rows; guided runs hold the negative rows first.
struct TextCondition {
  Tensor context;  // [B, T, text_width]
  Tensor pooled;   // [B, pooled_width]
  // [B, 6] fp32: original height, width, crop top, left, target height, width. The refiner's last
  // two are one, the aesthetic score.
  Tensor time_ids;
  double guidance = 0;  // the scale, for a UNet that is told of it; others do not look at it
};

class UNet {
 public:
  explicit UNet(const UNetConfig& config);

  /// Once for a prompt: keys and values of the text, the embeddings of sizes, pooled text and
  /// guidance.
  PreparedText prepare(const nn::Forward& f, const TextCondition& condition) const;
  /// Once for a schedule: timesteps [S] fp32 to every residual block's time projection.
  PreparedTimes prepare(const nn::Forward& f, const PreparedText& text,
                        const Tensor& timesteps) const;
  /// x [B, in_channels, H, W] to the prediction [B, out_channels, H, W].
  Tensor step(const nn::Forward& f, const Tensor& x, const StepInputs& inputs) const;

  // The parts of a step, for callers that reuse some of them.
  Tensor stem(const Tensor& x) const { return conv_in_.forward(x); }
  Tensor down(const nn::Forward& f, Tensor x, const StepInputs& inputs, Skips& skips) const;
  Tensor middle(const nn::Forward& f, const Tensor& x, const StepInputs& inputs) const;
  Tensor up(const nn::Forward& f, Tensor x, const StepInputs& inputs, Skips& skips) const;
  Tensor head(const nn::Forward& f, const Tensor& x) const;

  void visit(nn::Visitor& visitor);
  const UNetConfig& config() const { return config_; }

 private:
  template <class Use>
  void each_unit(Use use) const;

  UNetConfig config_;
  nn::Conv2d conv_in_;
  nn::TimestepEmbedding time_embedding_, add_embedding_;
  std::vector<DownBlock> down_blocks_;
  std::optional<MidBlock> mid_block_;
  std::vector<UpBlock> up_blocks_;
  nn::GroupNorm conv_norm_out_;
  nn::Conv2d conv_out_;
};

}  // namespace allaprima::networks
