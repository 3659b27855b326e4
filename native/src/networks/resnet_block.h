// The residual block of the UNet and the VAE.
#pragma once

#include <optional>

#include "nn/layers.h"

namespace allaprima::networks {

struct ResnetShape {
  int64_t in, out;
  int64_t groups;
  double eps;
  int64_t time_width = 0;  // 0: no time embedding, as in the VAE
};

class ResnetBlock {
 public:
  explicit ResnetBlock(const ResnetShape& shape);

  /// time [..., time_width] to what this block adds to its channels, [..., out]. Needs no picture.
  Tensor project_time(const Tensor& activated_time) const;
  /// x [B, in, H, W], time [B, out] or undefined, to [B, out, H, W].
  Tensor forward(const nn::Forward& f, const Tensor& x, const Tensor& time) const;
  void visit(nn::Visitor& visitor);

 private:
  nn::GroupNorm norm1, norm2;
  nn::Conv2d conv1, conv2;
  std::optional<nn::Linear> time_emb_proj;
  std::optional<nn::Conv2d> conv_shortcut;
};

}  // namespace allaprima::networks
