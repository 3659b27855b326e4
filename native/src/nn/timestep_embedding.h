// Numbers to vectors: the sinusoid of timesteps and sizes, and the two-layer network behind it.
#pragma once

#include <optional>

#include "nn/layers.h"

namespace allaprima::nn {

struct SinusoidOptions {
  int64_t width;
  bool cosine_first = true;  // diffusers' flip_sin_to_cos
  double frequency_shift = 0;
};

/// values [N] fp32 to [N, width] fp32. Frequencies fall from 1 to nearly 1/10,000.
Tensor sinusoid(const Tensor& values, const SinusoidOptions& options);

/// The guidance scale to [1, width] fp32, for a UNet that was distilled to be told of it.
Tensor guidance_sinusoid(double scale, int64_t width, at::Device device);

/// linear_2(silu(linear_1(x))), x with or without a projected condition.
class TimestepEmbedding {
 public:
  /// condition 0: there is none.
  TimestepEmbedding(int64_t in, int64_t out, int64_t condition = 0)
      : linear_1(in, out, Bias::kPresent), linear_2(out, out, Bias::kPresent) {
    if (condition > 0) cond_proj.emplace(condition, in, Bias::kNone);
  }

  /// condition [..., condition] to what is added to x, [..., in].
  Tensor project(const Tensor& condition) const { return cond_proj->forward(condition); }
  /// x [..., in] to [..., out].
  Tensor forward(const Tensor& x) const;
  void visit(Visitor& visitor);

 private:
  Linear linear_1, linear_2;
  std::optional<Linear> cond_proj;
};

}  // namespace allaprima::nn
