#include "runtime/system_info.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include "base/device.h"
#include "base/version.h"

namespace allaprima::runtime {

namespace {

/// libtorch has no function for its version; its configuration text does name it.
std::string loaded_libtorch() {
  const std::string config = at::show_config(), key = "TORCH_VERSION=";
  const size_t start = config.find(key);
  if (start == std::string::npos) return "unknown";
  const size_t end = config.find_first_of(", \n", start);
  return config.substr(start + key.size(), end - start - key.size());
}

}  // namespace

Json system_info() {
  const std::string obstacle = why_no_cuda();
  return {{"version", ALLAPRIMA_VERSION},
          {"commit", ALLAPRIMA_COMMIT},
          {"libtorch", loaded_libtorch()},
          {"libtorch_headers", TORCH_VERSION},
          {"cpu_capability", at::get_cpu_capability()},
          {"native_bf16", cpu_has_native_bf16()},
          {"threads", at::get_num_threads()},
          {"cuda", {{"available", obstacle.empty()}, {"reason", obstacle}}}};
}

}  // namespace allaprima::runtime
