// Sigmas of the steps that follow a curve from the largest to the smallest, in double.
// Source: diffusers 0.42.1, EulerDiscreteScheduler.
#pragma once

#include <cstdint>
#include <vector>

namespace allaprima::sampling {

/// The ends of a curve, both positive.
struct SigmaRange {
  double most, least;
};

/// Evenly spaced in σ^(1/7): https://arxiv.org/abs/2206.00364, equation 5.
std::vector<double> karras_sigmas(SigmaRange range, int64_t steps);

/// Evenly spaced in ln σ.
std::vector<double> exponential_sigmas(SigmaRange range, int64_t steps);

/// Spaced by the quantiles of Beta(0.6, 0.6): https://arxiv.org/abs/2407.12173.
std::vector<double> beta_sigmas(SigmaRange range, int64_t steps);

/// x with I_x(shape, shape) = p, for p from 0 to 1: the quantile of a symmetric beta distribution.
double symmetric_beta_quantile(double p, double shape);

}  // namespace allaprima::sampling
