// What card a CUDA device is.
#pragma once

#include <optional>
#include <string>

#include "base/torch.h"

namespace allaprima {

struct CudaCard {
  std::string name;  // as in "NVIDIA H100 80GB HBM3"
  int major, minor;  // of its compute capability
};

/// Nothing for a device that is no CUDA device, and in a build without CUDA, which cannot ask.
std::optional<CudaCard> cuda_card(at::Device device);

}  // namespace allaprima
