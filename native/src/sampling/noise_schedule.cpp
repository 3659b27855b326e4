#include "sampling/noise_schedule.h"

#include <cmath>

#include "base/config_reader.h"
#include "base/torch.h"

namespace allaprima::sampling {

namespace {

constexpr int64_t kMostTrainSteps = 100'000;

/// In fp32 and in libtorch's own functions, as diffusers does: its rounding is part of the
/// schedule.
std::vector<double> training_sigmas(const ConfigReader& config, int64_t steps) {
  const std::string& file = config.file();
  const auto start = config.get<double>("beta_start", 0.0001);
  const auto end = config.get<double>("beta_end", 0.02);
  const auto schedule = config.get<std::string>("beta_schedule", "linear");
  check(0 < start && start <= end && end < 1, Code::kInvalidModel, file, ": beta_start ", start,
        " and beta_end ", end, ", expected 0 < beta_start <= beta_end < 1");
  Tensor betas;
  if (schedule == "linear") {
    betas = at::linspace(start, end, steps, at::kFloat);
  } else if (schedule == "scaled_linear") {
    betas = at::linspace(std::sqrt(start), std::sqrt(end), steps, at::kFloat).pow(2);
  } else {
    fail(Code::kInvalidModel, file, ": beta_schedule '", schedule,
         "' is not supported; scaled_linear and linear are");
  }
  const Tensor kept = at::cumprod(1.0 - betas, 0);
  const Tensor sigmas = ((1 - kept) / kept).pow(0.5).to(at::kDouble).contiguous();
  const auto* first = sigmas.const_data_ptr<double>();
  return {first, first + steps};
}

Spacing spacing_of(const std::string& name, const std::string& file) {
  if (name == "leading") return Spacing::kLeading;
  if (name == "trailing") return Spacing::kTrailing;
  if (name == "linspace") return Spacing::kLinspace;
  fail(Code::kInvalidModel, file, ": timestep_spacing '", name,
       "' is not supported; leading, trailing and linspace are");
}

Prediction prediction_of(const std::string& name, const std::string& file) {
  if (name == "epsilon") return Prediction::kEpsilon;
  if (name == "v_prediction") return Prediction::kVelocity;
  if (name == "sample") return Prediction::kSample;
  fail(Code::kInvalidModel, file, ": prediction_type '", name,
       "' is not supported; epsilon, v_prediction and sample are");
}

}  // namespace

SchedulerConfig SchedulerConfig::read(const std::filesystem::path& folder) {
  const ConfigReader config(folder / "scheduler_config.json");
  config.expect("_class_name", "EulerDiscreteScheduler");
  config.expect_absent("trained_betas");
  config.expect("interpolation_type", "linear");
  config.expect("timestep_type", "discrete");
  config.expect("final_sigmas_type", "zero");
  for (const char* key : {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas",
                          "rescale_betas_zero_snr"}) {
    config.expect(key, false);
  }
  SchedulerConfig c{};
  c.train_steps = config.size("num_train_timesteps", 1000, 1, kMostTrainSteps);
  c.steps_offset = config.size("steps_offset", 0, 0, kMostTrainSteps);
  c.spacing = spacing_of(config.get<std::string>("timestep_spacing", "linspace"), config.file());
  c.prediction =
      prediction_of(config.get<std::string>("prediction_type", "epsilon"), config.file());
  c.sigmas = training_sigmas(config, c.train_steps);
  return c;
}

}  // namespace allaprima::sampling
