#include "sampling/training_noise.h"

#include <cmath>
#include <numbers>

namespace allaprima::sampling {

namespace {

/// ᾱ where zero would give an infinite sigma: the smallest subnormal of fp16.
constexpr double kAlmostNothing = 0x1p-24;

std::vector<double> sigmas_of_kept(const Tensor& kept) {
  const Tensor sigmas = ((1 - kept) / kept).pow(0.5).to(at::kDouble).contiguous();
  const auto* first = sigmas.const_data_ptr<double>();
  return {first, first + sigmas.numel()};
}

Tensor kept_of(const Tensor& betas) { return at::cumprod(1.0 - betas, 0); }

Tensor zero_snr_betas(const Tensor& betas) {
  Tensor root = kept_of(betas).sqrt();
  const Tensor first = root[0].clone(), last = root[-1].clone();
  root = (root - last) * (first / (first - last));
  const Tensor kept = root.pow(2);
  return 1 - at::cat({kept.slice(0, 0, 1), kept.slice(0, 1) / kept.slice(0, 0, -1)});
}

}  // namespace

Tensor linear_betas(double start, double end, int64_t steps) {
  return at::linspace(start, end, steps, at::kFloat);
}

Tensor scaled_linear_betas(double start, double end, int64_t steps) {
  return at::linspace(std::sqrt(start), std::sqrt(end), steps, at::kFloat).pow(2);
}

Tensor squared_cosine_betas(int64_t steps) {
  constexpr double kMostBeta = 0.999;
  const auto kept = [&](int64_t step) {
    const double time = static_cast<double>(step) / static_cast<double>(steps);
    return std::pow(std::cos((time + 0.008) / 1.008 * std::numbers::pi / 2), 2);
  };
  std::vector<double> betas;
  for (int64_t i = 0; i < steps; ++i) {
    betas.push_back(std::min(1 - kept(i + 1) / kept(i), kMostBeta));
  }
  return given_betas(betas);
}

Tensor given_betas(const std::vector<double>& betas) {
  return at::tensor(std::vector<float>(betas.begin(), betas.end()), at::kFloat);
}

std::vector<double> sigmas_of(const Tensor& betas) { return sigmas_of_kept(kept_of(betas)); }

std::vector<double> sigmas_of_zero_snr(const Tensor& betas) {
  const Tensor kept = kept_of(zero_snr_betas(betas));
  kept[-1].fill_(kAlmostNothing);
  return sigmas_of_kept(kept);
}

}  // namespace allaprima::sampling
