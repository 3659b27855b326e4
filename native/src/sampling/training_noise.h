// The betas that a model was trained with, and the noise levels they make: in fp32 and in
// libtorch's own functions, as diffusers does, because its rounding is part of the schedule.
// Source: diffusers 0.42.1, EulerDiscreteScheduler.
#pragma once

#include <vector>

#include "base/torch.h"

namespace allaprima::sampling {

/// Betas, fp32 [steps].
Tensor linear_betas(double start, double end, int64_t steps);
Tensor scaled_linear_betas(double start, double end, int64_t steps);
Tensor squared_cosine_betas(int64_t steps);
Tensor given_betas(const std::vector<double>& betas);

/// √((1 − ᾱ) / ᾱ) of each timestep, rounded to fp32.
std::vector<double> sigmas_of(const Tensor& betas);

/// The same for betas that are stretched until nothing of the picture is left at the last timestep,
/// whose sigma then is 4096 (https://arxiv.org/abs/2305.08891, algorithm 1).
std::vector<double> sigmas_of_zero_snr(const Tensor& betas);

}  // namespace allaprima::sampling
