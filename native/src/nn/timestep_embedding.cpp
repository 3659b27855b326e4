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

Tensor guidance_sinusoid(double scale, int64_t width, at::Device device) {
  const int64_t half = width / 2;
  const auto fp32 = at::TensorOptions(at::kFloat).device(device);
  // In diffusers' order, which is not that of the timesteps: here too every rounding counts.
  const Tensor falling = at::full({}, 10000.0, fp32).log() / (half - 1);
  const Tensor frequencies = at::exp(at::arange(half, fp32) * -falling);
  const Tensor angles = (at::full({1, 1}, scale - 1, fp32) * 1000.0) * frequencies;
  const Tensor wave = at::cat({at::sin(angles), at::cos(angles)}, 1);
  return width % 2 == 1 ? at::constant_pad_nd(wave, {0, 1}) : wave;
}

Tensor TimestepEmbedding::forward(const Tensor& x) const {
  return linear_2.forward(at::silu(linear_1.forward(x)));
}

void TimestepEmbedding::visit(Visitor& visitor) {
  if (cond_proj) visitor.child("cond_proj", *cond_proj);
  visitor.child("linear_1", linear_1);
  visitor.child("linear_2", linear_2);
}

}  // namespace allaprima::nn
