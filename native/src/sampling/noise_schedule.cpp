#include "sampling/noise_schedule.h"

#include <array>
#include <cmath>

#include "base/config_reader.h"
#include "sampling/training_noise.h"

namespace allaprima::sampling {

namespace {

constexpr int64_t kMostTrainSteps = 100'000;

template <class Value, size_t N>
using Names = std::array<std::pair<const char*, Value>, N>;

constexpr Names<Spacing, 3> kSpacings = {{{"leading", Spacing::kLeading},
                                          {"trailing", Spacing::kTrailing},
                                          {"linspace", Spacing::kLinspace}}};
constexpr Names<Prediction, 3> kPredictions = {{{"epsilon", Prediction::kEpsilon},
                                                {"v_prediction", Prediction::kVelocity},
                                                {"sample", Prediction::kSample}}};
constexpr Names<Interpolation, 2> kInterpolations = {
    {{"linear", Interpolation::kLinear}, {"log_linear", Interpolation::kLogLinear}}};
constexpr Names<FinalSigma, 2> kFinalSigmas = {
    {{"zero", FinalSigma::kZero}, {"sigma_min", FinalSigma::kSmallestTrained}}};
constexpr Names<bool, 2> kTimestepTypes = {{{"discrete", false}, {"continuous", true}}};
constexpr Names<SigmaCurve, 3> kCurves = {{{"use_karras_sigmas", SigmaCurve::kKarras},
                                           {"use_exponential_sigmas", SigmaCurve::kExponential},
                                           {"use_beta_sigmas", SigmaCurve::kBeta}}};

/// The value that the text under `key` names; the first of `names` is not the default.
template <class Value, size_t N>
Value choice(const ConfigReader& config, const char* key, const char* otherwise,
             const Names<Value, N>& names) {
  const auto text = config.get<std::string>(key, otherwise);
  std::string all;
  for (const auto& [name, value] : names) {
    if (text == name) return value;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  fail(Code::kInvalidModel, config.file(), ": ", key, " '", text,
       "' is not supported; these are: ", all);
}

SigmaCurve curve_of(const ConfigReader& config) {
  SigmaCurve curve = SigmaCurve::kTimesteps;
  for (const auto& [key, value] : kCurves) {
    if (!config.get<bool>(key, false)) continue;
    check(curve == SigmaCurve::kTimesteps, Code::kInvalidModel, config.file(), ": '", key,
          "' is true beside another use_…_sigmas; at most one of them may be");
    curve = value;
  }
  return curve;
}

std::optional<double> sigma_of(const ConfigReader& config, const char* key) {
  if (!config.json().contains(key) || config.json().at(key).is_null()) return std::nullopt;
  const auto sigma = config.get<double>(key);
  check(std::isfinite(sigma) && sigma > 0, Code::kInvalidModel, config.file(), ": '", key, "' is ",
        sigma, ", expected a positive number");
  return sigma;
}

std::vector<double> trained_betas(const ConfigReader& config) {
  const auto betas = config.get<std::vector<double>>("trained_betas");
  check(betas.size() >= 2 && betas.size() <= kMostTrainSteps, Code::kInvalidModel, config.file(),
        ": 'trained_betas' has ", betas.size(), " entries, expected 2 to ", kMostTrainSteps);
  for (double beta : betas) {
    check(0 < beta && beta < 1, Code::kInvalidModel, config.file(), ": 'trained_betas' holds ",
          beta, ", expected numbers between 0 and 1");
  }
  return betas;
}

Tensor betas_of(const ConfigReader& config, int64_t steps) {
  if (config.json().contains("trained_betas") && !config.json().at("trained_betas").is_null()) {
    return given_betas(trained_betas(config));
  }
  const auto start = config.get<double>("beta_start", 0.0001);
  const auto end = config.get<double>("beta_end", 0.02);
  const auto schedule = config.get<std::string>("beta_schedule", "linear");
  check(0 < start && start <= end && end < 1, Code::kInvalidModel, config.file(), ": beta_start ",
        start, " and beta_end ", end, ", expected 0 < beta_start <= beta_end < 1");
  if (schedule == "linear") return linear_betas(start, end, steps);
  if (schedule == "scaled_linear") return scaled_linear_betas(start, end, steps);
  if (schedule == "squaredcos_cap_v2") return squared_cosine_betas(steps);
  fail(Code::kInvalidModel, config.file(), ": beta_schedule '", schedule,
       "' is not supported; these are: linear, scaled_linear, squaredcos_cap_v2");
}

}  // namespace

SchedulerConfig SchedulerConfig::read(const std::filesystem::path& folder) {
  const ConfigReader config(folder / "scheduler_config.json");
  config.expect("_class_name", "EulerDiscreteScheduler");
  SchedulerConfig c{};
  c.train_steps = config.size("num_train_timesteps", 1000, 2, kMostTrainSteps);
  c.steps_offset = config.size("steps_offset", 0, 0, kMostTrainSteps);
  c.spacing = choice(config, "timestep_spacing", "linspace", kSpacings);
  c.prediction = choice(config, "prediction_type", "epsilon", kPredictions);
  c.interpolation = choice(config, "interpolation_type", "linear", kInterpolations);
  c.final_sigma = choice(config, "final_sigmas_type", "zero", kFinalSigmas);
  c.curve = curve_of(config);
  // diffusers takes continuous timesteps for v_prediction only.
  c.log_sigma_timesteps = choice(config, "timestep_type", "discrete", kTimestepTypes) &&
                          c.prediction == Prediction::kVelocity;
  check(!c.log_sigma_timesteps || c.interpolation == Interpolation::kLinear ||
            c.curve != SigmaCurve::kTimesteps,
        Code::kInvalidModel, config.file(),
        ": interpolation_type 'log_linear' with timestep_type 'continuous' is supported only with "
        "one of the use_…_sigmas");
  c.sigma_min = sigma_of(config, "sigma_min");
  c.sigma_max = sigma_of(config, "sigma_max");
  const bool zero_snr = config.get<bool>("rescale_betas_zero_snr", false);
  const Tensor betas = betas_of(config, c.train_steps);
  c.sigmas = zero_snr ? sigmas_of_zero_snr(betas) : sigmas_of(betas);
  for (double sigma : c.sigmas) {
    check(std::isfinite(sigma) && sigma > 0, Code::kInvalidModel, config.file(),
          ": its betas give a noise level of ", sigma, ", expected positive ones");
  }
  return c;
}

}  // namespace allaprima::sampling
