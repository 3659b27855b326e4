// What kernels/cuda/launch.h includes where the compiler is not nvcc: the words of CUDA C++ as far
// as kernels without barriers use them, and a launch whose threads run one after another on the
// CPU. The runtime below is the fake one, so that a launch is refused, captured and replayed as
// there.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "../fake_cuda.h"

// One launch runs at a time (the fake device has one lock), so plain globals do.
inline dim3 threadIdx, blockIdx, blockDim, gridDim;
inline constexpr int warpSize = 32;

#define ALLAPRIMA_NOT_EMULATED(words)                                                       \
  [[gnu::error("emulated_launch.h runs the threads of a block one after another: no " words \
               " yet")]]
ALLAPRIMA_NOT_EMULATED("barriers") void __syncthreads();
ALLAPRIMA_NOT_EMULATED("barriers") void __syncwarp(unsigned mask = ~0u);
template <class T>
ALLAPRIMA_NOT_EMULATED("shuffles")
T __shfl_sync(unsigned, T, int, int = 32);
template <class T>
ALLAPRIMA_NOT_EMULATED("shuffles")
T __shfl_xor_sync(unsigned, T, int, int = 32);
template <class T>
ALLAPRIMA_NOT_EMULATED("shuffles")
T __shfl_down_sync(unsigned, T, unsigned, int = 32);

using std::isfinite;
using std::max;
using std::min;

template <class T>
T __ldg(const T* address) {
  return *address;
}
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __saturatef(float x) { return std::clamp(x, 0.0f, 1.0f); }
inline float __fmaf_rn(float x, float y, float z) { return std::fma(x, y, z); }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline int __float2int_rn(float x) { return int(std::nearbyint(x)); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
template <class T>
T atomicAdd(T* address, T value) {
  return std::exchange(*address, *address + value);
}

namespace allaprima::cuda {
namespace emulated {

template <class Visit>
void for_each(dim3 size, dim3& index, Visit visit) {
  for (index.z = 0; index.z < size.z; ++index.z) {
    for (index.y = 0; index.y < size.y; ++index.y) {
      for (index.x = 0; index.x < size.x; ++index.x) visit();
    }
  }
}

template <class T>
bool is_ours(const T& argument) {
  if constexpr (std::is_pointer_v<T>) return fake_cuda::is_device_memory(argument);
  return true;
}

}  // namespace emulated

/// As the one under nvcc: arguments are converted to what the kernel takes and copied. Here
/// pointers must be into memory of the fake runtime besides; those within structs are not looked
/// at.
template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                   cudaStream_t stream, Arguments... arguments) {
  const std::tuple<std::remove_cvref_t<Parameters>...> values(
      static_cast<Parameters>(arguments)...);
  const bool ours =
      std::apply([](const auto&... each) { return (emulated::is_ours(each) && ...); }, values);
  const auto run = [kernel, grid, block, values] {
    gridDim = grid;
    blockDim = block;
    emulated::for_each(grid, blockIdx, [&] {
      emulated::for_each(block, threadIdx, [&] { std::apply(kernel, values); });
    });
  };
  return fake_cuda::enqueue_emulated(stream, reinterpret_cast<const void*>(kernel),
                                     {grid, block, shared_bytes, ours}, run);
}

}  // namespace allaprima::cuda
