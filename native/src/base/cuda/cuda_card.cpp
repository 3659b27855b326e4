#include "base/cuda_card.h"

#include <cuda_runtime_api.h>

#include "base/device.h"
#include "base/error.h"

namespace allaprima {

std::optional<CudaCard> cuda_card(at::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  cudaDeviceProp properties{};
  const cudaError_t status = cudaGetDeviceProperties(&properties, device.index());
  check(status == cudaSuccess, Code::kUnavailable, device_name(device),
        " does not say what it is: ", cudaGetErrorString(status));
  return CudaCard{properties.name, properties.major, properties.minor};
}

}  // namespace allaprima
