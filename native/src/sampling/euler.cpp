#include "sampling/euler.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/torch.h"
#include "sampling/sigma_curves.h"

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

/// Linear between training timesteps, held at both ends.
double sigma_at(const std::vector<double>& sigmas, double timestep) {
  const double place = std::clamp(timestep, 0.0, static_cast<double>(sigmas.size() - 1));
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sigmas.size() - 1);
  const double share = place - static_cast<double>(below);
  return sigmas[below] + share * (sigmas[above] - sigmas[below]);
}

/// Between the logarithms of the first and the last training sigma, `steps` + 1 of them, in fp32.
std::vector<double> log_linear_sigmas(const std::vector<double>& trained, int64_t steps) {
  const float most = std::log(static_cast<float>(trained.back()));
  const float least = std::log(static_cast<float>(trained.front()));
  const Tensor sigmas = at::linspace(most, least, steps + 1, at::kFloat).exp().to(at::kDouble);
  const auto* first = sigmas.const_data_ptr<double>();
  return {first, first + sigmas.numel()};
}

std::vector<double> sigmas_at(const SchedulerConfig& c, const std::vector<double>& timesteps) {
  if (c.interpolation == Interpolation::kLogLinear) {
    return log_linear_sigmas(c.sigmas, static_cast<int64_t>(timesteps.size()));
  }
  std::vector<double> sigmas;
  for (double timestep : timesteps) sigmas.push_back(sigma_at(c.sigmas, timestep));
  return sigmas;
}

std::vector<double> sigmas_on_curve(const SchedulerConfig& c, SigmaRange range, int64_t steps) {
  if (c.curve == SigmaCurve::kKarras) return karras_sigmas(range, steps);
  if (c.curve == SigmaCurve::kExponential) return exponential_sigmas(range, steps);
  return beta_sigmas(range, steps);
}

/// Where between the training timesteps a sigma lies, by its logarithm.
double timestep_of(double sigma, const std::vector<double>& log_sigmas) {
  const double log_sigma = std::log(std::max(sigma, 1e-10));
  const auto above = std::upper_bound(log_sigmas.begin(), log_sigmas.end(), log_sigma);
  const auto last_low = static_cast<ptrdiff_t>(log_sigmas.size()) - 2;
  const ptrdiff_t low = std::clamp<ptrdiff_t>(above - log_sigmas.begin() - 1, 0, last_low);
  const double from = log_sigmas[static_cast<size_t>(low)];
  const double to = log_sigmas[static_cast<size_t>(low) + 1];
  return static_cast<double>(low) + std::clamp((from - log_sigma) / (from - to), 0.0, 1.0);
}

std::vector<double> timesteps_of_curve(const SchedulerConfig& c,
                                       const std::vector<double>& sigmas) {
  std::vector<double> log_sigmas;
  for (double sigma : c.sigmas) log_sigmas.push_back(std::log(static_cast<float>(sigma)));
  std::vector<double> timesteps;
  for (double sigma : sigmas) {
    timesteps.push_back(static_cast<float>(timestep_of(sigma, log_sigmas)));
  }
  return timesteps;
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
  std::vector<double> timesteps = timesteps_of(config, steps);
  std::vector<double> sigmas = sigmas_at(config, timesteps);
  if (config.curve != SigmaCurve::kTimesteps) {
    const SigmaRange range{config.sigma_max.value_or(sigmas.front()),
                           config.sigma_min.value_or(sigmas.back())};
    sigmas = sigmas_on_curve(config, range, steps);
    timesteps = timesteps_of_curve(config, sigmas);
  }
  sigmas.push_back(config.final_sigma == FinalSigma::kZero ? 0 : config.sigmas.front());
  for (double& sigma : sigmas) sigma = static_cast<float>(sigma);
  const double most = *std::max_element(sigmas.begin(), sigmas.end());
  StepTable table{config.spacing == Spacing::kLeading ? std::sqrt(most * most + 1) : most, {}};
  for (size_t i = 0; i < timesteps.size(); ++i) {
    const double timestep =
        config.log_sigma_timesteps ? 0.25f * std::log(static_cast<float>(sigmas[i])) : timesteps[i];
    table.rows.push_back(row_of(config.prediction, timestep, sigmas[i], sigmas[i + 1]));
  }
  return table;
}

}  // namespace allaprima::sampling
