// Copies and fills: done at once or captured, and counted by where they go and whether the host
// waits.
#include <cstring>

#include "runtime.h"

namespace fake_cuda {
namespace {

const char* direction_name(bool from_device, bool to_device) {
  if (from_device) return to_device ? "memcpy DtoD" : "memcpy DtoH";
  return to_device ? "memcpy HtoD" : "memcpy HtoH";
}

void count(bool from_device, bool to_device, size_t bytes) {
  Counters& all = counts();
  if (from_device && to_device) {
    ++all.copies_on_device;
  } else if (to_device) {
    ++all.copies_to_device;
    all.bytes_to_device += int64_t(bytes);
  } else if (from_device) {
    ++all.copies_to_host;
    all.bytes_to_host += int64_t(bytes);
  }
}

cudaError_t copy_async(void* to, const void* from, size_t bytes, cudaStream_t handle) {
  Lock lock;
  if (bytes == 0) return cudaSuccess;
  Stream* stream = find_stream(handle);
  if (!stream) return fail(cudaErrorInvalidResourceHandle);
  const bool from_device = is_device(from);
  const bool to_device = is_device(to);
  if (!stream->capture) {
    count(from_device, to_device, bytes);
    if ((!from_device && !is_pinned(from)) || (!to_device && !is_pinned(to))) {
      ++counts().blocking_copies;
    }
  }
  Node node{Kind::copy, direction_name(from_device, to_device), {}, {}, bytes, {}};
  return enqueue(handle, std::move(node), [=] { copy_lazily(to, from, bytes); });
}

cudaError_t copy_now(void* to, const void* from, size_t bytes) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  if (auto refused = check_stream_use(*find_stream(nullptr))) return refused;
  count(is_device(from), is_device(to), bytes);
  ++counts().blocking_copies;
  copy_lazily(to, from, bytes);
  return cudaSuccess;
}

cudaError_t fill_async(void* to, int value, size_t bytes, cudaStream_t stream) {
  Lock lock;
  if (bytes == 0) return cudaSuccess;
  return enqueue(stream, {Kind::fill, "memset", {}, {}, bytes, {}},
                 [=] { fill_lazily(to, value, bytes); });
}

}  // namespace
}  // namespace fake_cuda

using namespace fake_cuda;

extern "C" {

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  return copy_now(to, from, bytes);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  return copy_async(to, from, bytes, stream);
}

cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes,
                                cudaStream_t stream) {
  return copy_async(to, from, bytes, stream);
}

cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  return fill_async(to, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  return fill_async(to, value, bytes, stream);
}

}  // extern "C"
