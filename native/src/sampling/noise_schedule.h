// How much noise the model was trained to see at each of its timesteps, and how it is sampled.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace allaprima::sampling {

enum class Spacing { kLeading, kTrailing, kLinspace };
enum class Prediction { kEpsilon, kVelocity, kSample };
enum class Interpolation { kLinear, kLogLinear };
/// Where the sigmas of the steps come from: the spaced timesteps, or a curve between two of them.
enum class SigmaCurve { kTimesteps, kKarras, kExponential, kBeta };
enum class FinalSigma { kZero, kSmallestTrained };

/// scheduler_config.json. Absent keys mean the class's defaults, which are not SDXL's values.
struct SchedulerConfig {
  int64_t train_steps;
  Spacing spacing;
  Prediction prediction;
  Interpolation interpolation;
  SigmaCurve curve;
  FinalSigma final_sigma;
  bool log_sigma_timesteps;  // the network is told ¼ ln σ in place of the timestep
  int64_t steps_offset;
  std::optional<double> sigma_min, sigma_max;  // the ends of a curve, else those of the timesteps
  std::vector<double> sigmas;  // √((1 − ᾱ) / ᾱ) of each training timestep, rounded to fp32

  /// Reads `folder`/scheduler_config.json; refuses schedulers and options that are not supported.
  static SchedulerConfig read(const std::filesystem::path& folder);
};

}  // namespace allaprima::sampling
