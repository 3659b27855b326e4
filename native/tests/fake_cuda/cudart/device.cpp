// The one device: an H100 with 80 GB, as far as libtorch asks; versions, and the last error.
#include <dlfcn.h>

#include <cstring>
#include <utility>

#include "runtime.h"

namespace fake_cuda {
namespace {

thread_local cudaError_t last_error = cudaSuccess;
constexpr int kMultiProcessors = 132;
constexpr int kSharedPerBlock = 48 * 1024;
constexpr int kSharedPerBlockOptIn = 227 * 1024;
constexpr int kSharedPerMultiProcessor = 228 * 1024;

Counters& all_counts() {
  static auto* const counts = new Counters{};
  return *counts;
}

cudaDeviceProp properties() {
  cudaDeviceProp device{};
  std::strcpy(device.name, "NVIDIA H100 80GB HBM3 (fake)");
  for (int i = 0; i < 16; ++i) device.uuid.bytes[i] = char(i + 1);
  device.totalGlobalMem = memory().limit;
  device.sharedMemPerBlock = kSharedPerBlock;
  device.sharedMemPerBlockOptin = kSharedPerBlockOptIn;
  device.sharedMemPerMultiprocessor = kSharedPerMultiProcessor;
  device.reservedSharedMemPerBlock = 1024;
  device.regsPerBlock = device.regsPerMultiprocessor = 65536;
  device.warpSize = 32;
  device.memPitch = 0x7FFFFFFF;
  device.maxThreadsPerBlock = 1024;
  device.maxThreadsDim[0] = device.maxThreadsDim[1] = 1024;
  device.maxThreadsDim[2] = 64;
  device.maxGridSize[0] = 0x7FFFFFFF;
  device.maxGridSize[1] = device.maxGridSize[2] = 65535;
  device.totalConstMem = 65536;
  device.major = 9;
  device.minor = 0;
  device.textureAlignment = 512;
  device.texturePitchAlignment = 32;
  device.multiProcessorCount = kMultiProcessors;
  device.canMapHostMemory = device.concurrentKernels = device.ECCEnabled = 1;
  device.pciBusID = 1;
  device.asyncEngineCount = 3;
  device.unifiedAddressing = device.managedMemory = 1;
  device.memoryBusWidth = 5120;
  device.l2CacheSize = 50 << 20;
  device.maxThreadsPerMultiProcessor = 2048;
  device.maxBlocksPerMultiProcessor = 32;
  device.streamPrioritiesSupported = device.globalL1CacheSupported = 1;
  device.localL1CacheSupported = device.cooperativeLaunch = device.clusterLaunch = 1;
  device.hostRegisterSupported = device.memoryPoolsSupported = 1;
  return device;
}

/// Those that the properties do not say.
int attribute_value(cudaDeviceAttr attribute, const cudaDeviceProp& device) {
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      return device.maxThreadsPerBlock;
    case cudaDevAttrMaxGridDimX:
      return device.maxGridSize[0];
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
      return device.maxGridSize[1];
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return kSharedPerBlock;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      return kSharedPerBlockOptIn;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return kSharedPerMultiProcessor;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      return 1024;
    case cudaDevAttrWarpSize:
      return 32;
    case cudaDevAttrMaxRegistersPerBlock:
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      return 65536;
    case cudaDevAttrClockRate:
      return 1'980'000;
    case cudaDevAttrMemoryClockRate:
      return 2'619'000;
    case cudaDevAttrGlobalMemoryBusWidth:
      return device.memoryBusWidth;
    case cudaDevAttrMultiProcessorCount:
      return kMultiProcessors;
    case cudaDevAttrL2CacheSize:
      return device.l2CacheSize;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return 2048;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      return 32;
    case cudaDevAttrComputeCapabilityMajor:
      return device.major;
    case cudaDevAttrComputeCapabilityMinor:
      return device.minor;
    case cudaDevAttrTextureAlignment:
      return int(device.textureAlignment);
    case cudaDevAttrPciBusId:
      return device.pciBusID;
    case cudaDevAttrAsyncEngineCount:
      return device.asyncEngineCount;
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrClusterLaunch:
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrHostRegisterSupported:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::recursive_mutex& device_mutex() {
  static auto* const mutex = new std::recursive_mutex;
  return *mutex;
}

cudaError_t fail(cudaError_t code) { return last_error = code; }

Counters& counts() { return all_counts(); }

Counters counters() {
  Lock lock;
  return counts();
}

void reset_counters() {
  Lock lock;
  counts() = {};
}

}  // namespace fake_cuda

using namespace fake_cuda;

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : fail(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* result, int device) {
  if (device != 0) return fail(cudaErrorInvalidDevice);
  *result = properties();
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device != 0) return fail(cudaErrorInvalidDevice);
  *value = attribute_value(attribute, properties());
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int) {
  std::snprintf(text, size_t(length), "0000:01:00.0");
  return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = 0;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult* result) {
  static void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  *function = driver ? dlsym(driver, name) : nullptr;
  if (result)
    *result = *function ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}

}  // extern "C"
