#include "sampling/euler.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace allaprima::sampling {

namespace {

/// Falling timesteps; fp32 as in diffusers.
std::vector<double> timesteps_of(const SchedulerConfig& c, int64_t steps) {
  std::vector<double> timesteps;
  const auto trained = static_cast<double>(c.train_steps), count = static_cast<double>(steps);
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t back = steps - 1 - i;
    switch (c.spacing) {
      case Spacing::kLeading:
        timesteps.push_back(static_cast<double>(back * (c.train_steps / steps) + c.steps_offset));
        break;
      case Spacing::kTrailing: {
        // numpy's arange multiplies the difference of its first two numbers, which is not quite the
        // step; where a number lies half way between two timesteps that decides.
        const double gap = (trained - trained / count) - trained;
        timesteps.push_back(std::nearbyint(trained + static_cast<double>(i) * gap) - 1);
        break;
      }
      case Spacing::kLinspace: {
        const double gap = steps > 1 ? (trained - 1) / (count - 1) : 0;
        timesteps.push_back(static_cast<float>(static_cast<double>(back) * gap));
        break;
      }
    }
  }
  return timesteps;
}

/// Linear between training timesteps, held at both ends, rounded to fp32.
double sigma_at(const std::vector<double>& sigmas, double timestep) {
  const double place = std::clamp(timestep, 0.0, static_cast<double>(sigmas.size() - 1));
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sigmas.size() - 1);
  const double share = place - static_cast<double>(below);
  return static_cast<float>(sigmas[below] + share * (sigmas[above] - sigmas[below]));
}

StepRow row_of(Prediction prediction, double timestep, double sigma, double next) {
  const double move = next - sigma;
  const double scale = 1 / std::sqrt(sigma * sigma + 1);
  StepRow row{timestep, scale, 1, move};
  switch (prediction) {
    case Prediction::kEpsilon:
      break;
    case Prediction::kVelocity:  // x0 = x / (σ² + 1) − v σ / √(σ² + 1)
      row.latent_factor = 1 + move / sigma * (1 - scale * scale);
      row.prediction_factor = move * scale;
      break;
    case Prediction::kSample:
      row.latent_factor = 1 + move / sigma;
      row.prediction_factor = -move / sigma;
      break;
  }
  return row;
}

}  // namespace

StepTable euler_table(const SchedulerConfig& config, int64_t steps) {
  check(steps >= 1 && steps <= config.train_steps, Code::kInvalidArgument, "steps is ", steps,
        ", expected 1 to ", config.train_steps);
  const auto timesteps = timesteps_of(config, steps);
  std::vector<double> sigmas;
  for (double timestep : timesteps) sigmas.push_back(sigma_at(config.sigmas, timestep));
  sigmas.push_back(0);
  const double most = *std::max_element(sigmas.begin(), sigmas.end());
  StepTable table{config.spacing == Spacing::kLeading ? std::sqrt(most * most + 1) : most, {}};
  for (size_t i = 0; i < timesteps.size(); ++i) {
    table.rows.push_back(row_of(config.prediction, timesteps[i], sigmas[i], sigmas[i + 1]));
  }
  return table;
}

}  // namespace allaprima::sampling
