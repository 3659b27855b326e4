// How a .cu file starts a kernel: the only place that knows nvcc's <<<>>>. In the tests the same
// file is compiled by g++, and the launch goes to the fake runtime.
#pragma once

#include <cuda_runtime_api.h>

#ifdef __CUDACC__

namespace allaprima::cuda {

/// Arguments are converted to what the kernel takes, then copied, as in a call of a function.
template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                   cudaStream_t stream, Arguments... arguments) {
  kernel<<<grid, block, shared_bytes, stream>>>(static_cast<Parameters>(arguments)...);
  return cudaPeekAtLastError();
}

}  // namespace allaprima::cuda

#else
#include "emulated_launch.h"
#endif
