// libcuda.so.1: the few functions of the driver that libtorch looks up by name; those that it only
// must find answer that they are not supported.
#include <cstdio>
#include <cstring>

#include "fake_cuda.h"

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidValue = 1;
constexpr int kNotSupported = 801;

int unsupported(const char* name) {
  std::fprintf(stderr, "fake CUDA: %s was called, which is not imitated\n", name);
  return kNotSupported;
}

char context;  // its address stands for the primary context

}  // namespace

extern "C" {

int cuInit(unsigned) { return kSuccess; }

int cuDriverGetVersion(int* version) { return cudaDriverGetVersion(version); }

int cuDeviceGetCount(int* count) { return cudaGetDeviceCount(count); }

int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? kSuccess : kInvalidValue;
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return cudaDeviceGetAttribute(value, cudaDeviceAttr(attribute), device);
}

int cuDeviceGetUuid(char* uuid, int) {
  for (int i = 0; i < 16; ++i) uuid[i] = char(i + 1);
  return kSuccess;
}
int cuDeviceGetUuid_v2(char* uuid, int device) { return cuDeviceGetUuid(uuid, device); }

int cuDevicePrimaryCtxGetState(int, unsigned* flags, int* active) {
  *flags = 0;
  *active = 1;
  return kSuccess;
}

int cuDevicePrimaryCtxRetain(void** result, int) {
  *result = &context;
  return kSuccess;
}

int cuCtxGetCurrent(void** result) {
  *result = &context;
  return kSuccess;
}
int cuCtxSetCurrent(void*) { return kSuccess; }
int cuCtxPushCurrent(void*) { return kSuccess; }
int cuCtxPopCurrent(void** result) { return cuCtxGetCurrent(result); }

int cuGetErrorString(int code, const char** text) {
  *text = cudaGetErrorString(cudaError_t(code));
  return kSuccess;
}
int cuGetErrorName(int code, const char** text) {
  *text = cudaGetErrorName(cudaError_t(code));
  return kSuccess;
}

int cuPointerGetAttribute(void* result, int attribute, const void* address) {
  cudaPointerAttributes found{};
  cudaPointerGetAttributes(&found, address);
  constexpr int kContext = 1, kMemoryType = 2, kDevicePointer = 3, kDeviceOrdinal = 9;
  if (found.type == cudaMemoryTypeUnregistered) return kInvalidValue;
  switch (attribute) {
    case kContext:
      *static_cast<void**>(result) = &context;
      return kSuccess;
    case kMemoryType:
      *static_cast<int*>(result) = found.type == cudaMemoryTypeDevice ? 2 : 1;
      return kSuccess;
    case kDevicePointer:
      *static_cast<void**>(result) = found.devicePointer;
      return kSuccess;
    case kDeviceOrdinal:
      *static_cast<int*>(result) = 0;
      return kSuccess;
    default:
      return unsupported("cuPointerGetAttribute of this attribute");
  }
}

/// A description of a tile in memory for kernels that are not run.
int cuTensorMapEncodeTiled(void* map, ...) {
  std::memset(map, 0, 128);
  return kSuccess;
}

#define UNSUPPORTED(name) \
  int name() { return unsupported(#name); }
UNSUPPORTED(cuMemGetAddressRange)
UNSUPPORTED(cuMemAddressReserve)
UNSUPPORTED(cuMemRelease)
UNSUPPORTED(cuMemMap)
UNSUPPORTED(cuMemAddressFree)
UNSUPPORTED(cuMemSetAccess)
UNSUPPORTED(cuMemUnmap)
UNSUPPORTED(cuMemCreate)
UNSUPPORTED(cuMemGetAllocationGranularity)
UNSUPPORTED(cuMemExportToShareableHandle)
UNSUPPORTED(cuMemImportFromShareableHandle)
UNSUPPORTED(cuMemRetainAllocationHandle)
UNSUPPORTED(cuMemGetAllocationPropertiesFromHandle)
UNSUPPORTED(cuMemsetD32Async)
UNSUPPORTED(cuStreamWriteValue32)
UNSUPPORTED(cuModuleLoadData)
UNSUPPORTED(cuModuleLoadDataEx)
UNSUPPORTED(cuModuleGetFunction)
UNSUPPORTED(cuLaunchKernel)
UNSUPPORTED(cuLaunchCooperativeKernel)
UNSUPPORTED(cuFuncSetAttribute)
UNSUPPORTED(cuFuncGetAttribute)
UNSUPPORTED(cuOccupancyMaxActiveBlocksPerMultiprocessor)
UNSUPPORTED(cuLinkCreate)
UNSUPPORTED(cuLinkAddData)
UNSUPPORTED(cuLinkComplete)

}  // extern "C"
