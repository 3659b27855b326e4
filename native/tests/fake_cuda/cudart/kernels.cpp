// Kernels of others: the tables that their libraries hand over when they are loaded, and launches,
// which are recorded by name and do nothing.
#include <algorithm>
#include <cstdio>
#include <map>

#include "runtime.h"

namespace {

struct Kernel {
  const void* host;    // the stub that stands for it on the host
  const char* device;  // its mangled name
  std::string name;    // filled when it is asked for
};
struct Variable {
  size_t bytes;
  std::vector<char> memory;
};

struct Kernels {
  std::vector<std::pair<const void*, const char*>> registered;
  std::map<const void*, Kernel> used;  // addresses stay: cudaKernel_t points into it
  size_t sorted = 0;
  std::map<const void*, Variable> variables;
};
Kernels& kernels() {
  static auto* const all = new Kernels;
  return *all;
}

/// libtorch registers tens of thousands and launches a few: names are made for those only.
Kernel* find(const void* function) {
  Kernels& all = kernels();
  const auto known = all.used.find(function);
  if (known != all.used.end()) return &known->second;
  for (auto& [host, kernel] : all.used) {
    if (&kernel == function) return &kernel;  // a cudaKernel_t
  }
  if (all.sorted != all.registered.size()) {
    std::sort(all.registered.begin(), all.registered.end());
    all.sorted = all.registered.size();
  }
  const auto found = std::lower_bound(all.registered.begin(), all.registered.end(),
                                      std::pair<const void*, const char*>(function, nullptr));
  if (found == all.registered.end() || found->first != function) return nullptr;
  Kernel kernel{function, found->second, fake_cuda::short_kernel_name(found->second)};
  return &all.used.emplace(function, std::move(kernel)).first->second;
}

cudaError_t check_shape(dim3 grid, dim3 block, size_t shared) {
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || block.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.x > 0x7FFFFFFF || grid.y > 65535 || grid.z > 65535) {
    return fake_cuda::fail(cudaErrorInvalidConfiguration);
  }
  return shared > 227 * 1024 ? fake_cuda::fail(cudaErrorInvalidValue) : cudaSuccess;
}

cudaError_t launch(const void* function, dim3 grid, dim3 block, size_t shared,
                   cudaStream_t stream) {
  fake_cuda::Lock lock;
  const Kernel* kernel = find(function);
  if (!kernel) return fake_cuda::fail(cudaErrorInvalidDeviceFunction);
  if (auto error = check_shape(grid, block, shared)) return error;
  return fake_cuda::enqueue(stream, {fake_cuda::Kind::kernel, kernel->name, grid, block, 0, {}},
                            [] {});
}

struct Configuration {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};
thread_local std::vector<Configuration> configurations;

}  // namespace

namespace fake_cuda {

cudaError_t enqueue_emulated(cudaStream_t stream, const void* kernel, const EmulatedLaunch& given,
                             std::function<void()> work) {
  Lock lock;
  const std::string name = function_name(kernel);
  if (auto error = check_shape(given.grid, given.block, given.shared_bytes)) return error;
  if (given.shared_bytes > 48 * 1024) return fail(cudaErrorInvalidValue);
  if (!given.pointers_are_ours) {
    std::fprintf(stderr, "fake CUDA: %s was given a pointer to memory that is not the device's\n",
                 name.c_str());
    return fail(cudaErrorIllegalAddress);
  }
  return enqueue(stream, {Kind::emulated, name, given.grid, given.block, 0, {}}, std::move(work));
}

bool is_device_memory(const void* address) {
  Lock lock;
  return address == nullptr || is_device(address) || is_pinned(address);
}

}  // namespace fake_cuda

extern "C" {

void** __cudaRegisterFatBinary(void*) {
  static void* handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}

void __cudaRegisterFunction(void**, const char* host, char*, const char* device, int, uint3*,
                            uint3*, dim3*, dim3*, int*) {
  fake_cuda::Lock lock;
  kernels().registered.emplace_back(host, device);
}

void __cudaRegisterVar(void**, char* host, char*, const char*, int, size_t bytes, int, int) {
  fake_cuda::Lock lock;
  kernels().variables[host] = {bytes, {}};
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, cudaStream_t stream) {
  configurations.push_back({grid, block, shared, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  if (configurations.empty()) return fake_cuda::fail(cudaErrorMissingConfiguration);
  const Configuration last = configurations.back();
  configurations.pop_back();
  *grid = last.grid;
  *block = last.block;
  *shared = last.shared;
  *static_cast<cudaStream_t*>(stream) = last.stream;
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* result, const void* function) {
  fake_cuda::Lock lock;
  *result = reinterpret_cast<cudaKernel_t>(find(function));
  return *result ? cudaSuccess : fake_cuda::fail(cudaErrorInvalidDeviceFunction);
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void**, size_t shared,
                               cudaStream_t stream) {
  return launch(kernel, grid, block, shared, stream);
}

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void**, size_t shared,
                             cudaStream_t stream) {
  return launch(function, grid, block, shared, stream);
}

cudaError_t cudaLaunchCooperativeKernel(const void* function, dim3 grid, dim3 block, void**,
                                        size_t shared, cudaStream_t stream) {
  return launch(function, grid, block, shared, stream);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void**) {
  return launch(function, config->gridDim, config->blockDim, config->dynamicSmemBytes,
                config->stream);
}

cudaError_t cudaGetSymbolAddress(void** result, const void* symbol) {
  fake_cuda::Lock lock;
  const auto found = kernels().variables.find(symbol);
  if (found == kernels().variables.end()) return fake_cuda::fail(cudaErrorInvalidSymbol);
  found->second.memory.resize(found->second.bytes);
  *result = found->second.memory.data();
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* result, const void* function) {
  fake_cuda::Lock lock;
  *result = {};
  if (!find(function)) return fake_cuda::fail(cudaErrorInvalidDeviceFunction);
  result->maxThreadsPerBlock = 1024;
  result->numRegs = 32;
  result->ptxVersion = 90;
  result->binaryVersion = 90;
  result->maxDynamicSharedSizeBytes = 48 * 1024;
  return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  fake_cuda::Lock lock;
  if (!find(function)) return fake_cuda::fail(cudaErrorInvalidDeviceFunction);
  const bool too_much =
      attribute == cudaFuncAttributeMaxDynamicSharedMemorySize && value > 227 * 1024;
  return too_much ? fake_cuda::fail(cudaErrorInvalidValue) : cudaSuccess;
}

cudaError_t cudaKernelSetAttributeForDevice(cudaKernel_t, cudaFuncAttribute, int, int) {
  return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void*,
                                                                   int threads, size_t shared,
                                                                   unsigned) {
  const int by_threads = 2048 / std::max(1, threads);
  const int by_memory = shared ? int(228 * 1024 / (shared + 1024)) : 32;
  *blocks = std::min({32, by_threads, by_memory});
  return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function,
                                                          int threads, size_t shared) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, threads, shared,
                                                                0);
}

}  // extern "C"
