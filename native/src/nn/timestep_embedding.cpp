#include "nn/timestep_embedding.h"

#include <cmath>

namespace allaprima::nn {

Tensor sinusoid(const Tensor& values, const SinusoidOptions& options) {
  const int64_t half = options.width / 2;
  const double span = static_cast<double>(half) - options.frequency_shift;
  const auto fp32 = at::TensorOptions(at::kFloat).device(values.device());
  // In diffusers' order: a timestep of 1,000 multiplies what each fp32 rounding leaves here.
  const Tensor frequencies = at::exp(at::arange(half, fp32) * -std::log(10000.0) / span);
  const Tensor angles = values.unsqueeze(-1) * frequencies;
  const Tensor sine = at::sin(angles), cosine = at::cos(angles);
  Tensor wave = options.cosine_first ? at::cat({cosine, sine}, -1) : at::cat({sine, cosine}, -1);
  if (options.width % 2 == 1) wave = at::constant_pad_nd(wave, {0, 1});
  return wave;
}

Tensor TimestepEmbedding::forward(const Tensor& x) const {
  return linear_2.forward(at::silu(linear_1.forward(x)));
}

void TimestepEmbedding::visit(Visitor& visitor) {
  visitor.child("linear_1", linear_1);
  visitor.child("linear_2", linear_2);
}

}  // namespace allaprima::nn
