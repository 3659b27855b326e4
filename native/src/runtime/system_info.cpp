#include "runtime/system_info.h"

#include <ATen/Parallel.h>

#include "base/device.h"
#include "base/libtorch_version.h"
#include "base/version.h"

namespace allaprima::runtime {

Json system_info() {
  const std::string obstacle = why_no_cuda();
  return {{"version", ALLAPRIMA_VERSION},
          {"commit", ALLAPRIMA_COMMIT},
          {"libtorch", loaded_libtorch_version()},
          {"libtorch_headers", header_libtorch_version()},
          {"cpu_capability", at::get_cpu_capability()},
          {"native_bf16", cpu_has_native_bf16()},
          {"threads", at::get_num_threads()},
          {"cuda", {{"available", obstacle.empty()}, {"reason", obstacle}}}};
}

}  // namespace allaprima::runtime
