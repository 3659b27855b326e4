// How much noise the model was trained to see at each of its timesteps.
#pragma once

#include <filesystem>
#include <vector>

namespace allaprima::sampling {

enum class Spacing { kLeading, kTrailing, kLinspace };
enum class Prediction { kEpsilon, kVelocity, kSample };

/// scheduler_config.json. Absent keys mean the class's defaults, which are not SDXL's values.
struct SchedulerConfig {
  int64_t train_steps;
  Spacing spacing;
  Prediction prediction;
  int64_t steps_offset;
  std::vector<double> sigmas;  // √((1 − ᾱ) / ᾱ) of each training timestep, rounded to fp32

  /// Reads `folder`/scheduler_config.json; refuses schedulers and options that are not supported.
  static SchedulerConfig read(const std::filesystem::path& folder);
};

}  // namespace allaprima::sampling
