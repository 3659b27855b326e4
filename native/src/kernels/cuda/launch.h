// How every kernel of ours is started: one typed function, so that the same file runs where nvcc
// compiled it and, compiled by a host compiler, under the tests' emulation.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#ifndef __CUDACC__
#include "emulated_launch.h"  // of the tests; never on the path of a production build
#endif

namespace allaprima::kernels::cuda {

/// Enqueues `kernel` on `stream`; arguments are converted to its parameters and passed by value.
/// An error is left for cudaGetLastError.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
            cudaStream_t stream, Arguments... arguments) {
#ifdef __CUDACC__
  kernel<<<grid, block, shared_bytes, stream>>>(static_cast<Parameters>(arguments)...);
#else
  static_cast<void>(
      allaprima::cuda::launch(kernel, grid, block, shared_bytes, stream, arguments...));
#endif
}

}  // namespace allaprima::kernels::cuda
