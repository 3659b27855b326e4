#include "runtime/generation_defaults.h"

#include "base/config_reader.h"

namespace allaprima::runtime {

GenerationDefaults GenerationDefaults::read(const std::filesystem::path& model) {
  GenerationDefaults defaults;
  const auto file = model / "generation_config.json";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return defaults;
  const ConfigReader config(file);
  defaults.steps = config.size("num_inference_steps", defaults.steps, 1, 1000);
  defaults.guidance = config.get<double>("guidance_scale", defaults.guidance);
  check(defaults.guidance >= 0 && defaults.guidance <= 100, Code::kInvalidModel, file.string(),
        ": 'guidance_scale' is ", defaults.guidance, ", expected 0 to 100");
  return defaults;
}

}  // namespace allaprima::runtime
