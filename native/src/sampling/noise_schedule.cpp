#include "sampling/noise_schedule.h"

#include <cmath>

#include "base/error.h"
#include "base/torch.h"

namespace allaprima::sampling {

namespace {

/// In fp32 and in libtorch's own functions, as diffusers does: its rounding is part of the
/// schedule.
std::vector<double> training_sigmas(const Json& config, int64_t steps, const std::string& file) {
  const double start = config.value("beta_start", 0.0001), end = config.value("beta_end", 0.02);
  const std::string schedule = config.value("beta_schedule", "linear");
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

void refuse(const Json& config, const char* key, const Json& supported, const std::string& file) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null() || *found == supported) return;
  fail(Code::kInvalidModel, file, ": '", key, "' is ", found->dump(), ", which is not supported; ",
       supported.dump(), " is");
}

}  // namespace

SchedulerConfig SchedulerConfig::read(const std::filesystem::path& folder) {
  const auto path = folder / "scheduler_config.json";
  const std::string file = path.string();
  const Json config = read_json(path);
  check(config.is_object(), Code::kInvalidModel, file, ": is not a JSON object");
  refuse(config, "_class_name", "EulerDiscreteScheduler", file);
  refuse(config, "trained_betas", nullptr, file);
  refuse(config, "interpolation_type", "linear", file);
  refuse(config, "timestep_type", "discrete", file);
  refuse(config, "final_sigmas_type", "zero", file);
  for (const char* key : {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas",
                          "rescale_betas_zero_snr"}) {
    refuse(config, key, false, file);
  }
  try {
    SchedulerConfig c{};
    c.train_steps = config.value("num_train_timesteps", int64_t{1000});
    check(c.train_steps >= 1 && c.train_steps <= 100000, Code::kInvalidModel, file,
          ": num_train_timesteps is ", c.train_steps, ", expected 1 to 100000");
    c.spacing = spacing_of(config.value("timestep_spacing", "linspace"), file);
    c.prediction = prediction_of(config.value("prediction_type", "epsilon"), file);
    c.steps_offset = config.value("steps_offset", int64_t{0});
    c.sigmas = training_sigmas(config, c.train_steps, file);
    return c;
  } catch (const Json::exception& error) {
    fail(Code::kInvalidModel, file, ": a value is of the wrong type: ", error.what());
  }
}

}  // namespace allaprima::sampling
