// Placeholder until the first real kernel: adds to a counter in device memory.
#pragma once

#include <cuda_runtime_api.h>

namespace allaprima::cuda {

cudaError_t advance_counter(int* counter, int by, cudaStream_t stream);

}  // namespace allaprima::cuda
