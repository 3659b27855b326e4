// Numbers to vectors: the sinusoid of timesteps and sizes, and the two-layer network behind it.
#pragma once

#include "nn/layers.h"

namespace allaprima::nn {

struct SinusoidOptions {
  int64_t width;
  bool cosine_first = true;  // diffusers' flip_sin_to_cos
  double frequency_shift = 0;
};

/// values [N] fp32 to [N, width] fp32. Frequencies fall from 1 to nearly 1/10,000.
Tensor sinusoid(const Tensor& values, const SinusoidOptions& options);

/// linear_2(silu(linear_1(x))).
class TimestepEmbedding {
 public:
  TimestepEmbedding(int64_t in, int64_t out)
      : linear_1(in, out, Bias::kPresent), linear_2(out, out, Bias::kPresent) {}

  /// x [..., in] to [..., out].
  Tensor forward(const Tensor& x) const;
  void visit(Visitor& visitor);

 private:
  Linear linear_1, linear_2;
};

}  // namespace allaprima::nn
