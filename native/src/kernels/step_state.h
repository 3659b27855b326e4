// The numbers that change from step to step, held where the network runs: a step that reads them
// there can be recorded once and repeated without a word from the host.
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// Columns of StepState::factors.
enum class StepFactor : int64_t { kInputScale, kLatent, kPrediction, kGuidance, kRescale };
constexpr int64_t kStepFactors = 5;

/// For up to S steps of B pictures, all on one device.
struct StepState {
  Tensor step;     // [1] int64, the step that comes next, from 0
  Tensor factors;  // [S, kStepFactors] fp32
  Tensor times;    // [S, W], what the network is told of each step, in its precision
  Tensor latents;  // [B, C, H, W] fp32, contiguous
  Tensor finite;   // [S] bool, set to false for a step that left latents that are not finite
};

/// What the network reads at the next step: `input` [B, C, H, W] = latents · input scale, or
/// [2B, …], twice that, in any precision and layout; `time_row` [W] = the step's row of `times`.
void begin_step(const StepState& state, const Tensor& input, const Tensor& time_row);

/// Guidance where `prediction` [2B or B, C, H, W] holds unconditional rows, then conditional, and
/// the sampler's update: latents' = latents · latent factor + guided · prediction factor; then the
/// step counts on. Guidance and `rescaled`: guided_step.h.
void end_step(const StepState& state, const Tensor& prediction, bool rescaled);

/// Their meaning, by plain ATen operations that read the step on the device.
void begin_step_plain(const StepState& state, const Tensor& input, const Tensor& time_row);
void end_step_plain(const StepState& state, const Tensor& prediction, bool rescaled);

}  // namespace allaprima::kernels
