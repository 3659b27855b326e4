// EulerDiscrete: the numbers that move the latents from step to step, all known before the first.
#pragma once

#include <vector>

#include "sampling/noise_schedule.h"

namespace allaprima::sampling {

/// One step: the network sees latents · input_scale at `timestep`, then
/// latents' = latents · latent_factor + prediction · prediction_factor.
struct StepRow {
  double timestep;
  double input_scale;
  double latent_factor;
  double prediction_factor;
};

struct StepTable {
  double initial_scale;  // of the N(0,1) noise that the run starts from
  std::vector<StepRow> rows;
};

/// diffusers makes one step more than asked, at the timestep −1, for some numbers of steps with
/// trailing spacing (61, 103, 121, …); here it is always as many as asked.
/// steps from 1 to the number of training steps; throws kInvalidArgument otherwise.
/// Source: diffusers 0.42.1, EulerDiscreteScheduler.
StepTable euler_table(const SchedulerConfig& config, int64_t steps);

}  // namespace allaprima::sampling
