// libcudnn.so: handles, and the backend API: any operation graph has one engine without workspace,
// and executing its plan is a node that computes nothing.
#include <cstdio>
#include <mutex>
#include <unordered_map>

#include "../cudart/runtime.h"
#include "backend.h"

namespace {

using namespace fake_cudnn;

struct Handle {
  cudaStream_t stream = nullptr;
};

std::recursive_mutex mutex;
std::unordered_map<void*, Shared>& live() {
  static auto* const all = new std::unordered_map<void*, Shared>;
  return *all;
}

Shared find(void* handle) {
  const auto found = live().find(handle);
  return found == live().end() ? nullptr : found->second;
}

Shared finalized(int type) {
  auto made = std::make_shared<Descriptor>();
  made->type = type;
  made->finalized = true;
  return made;
}

void set_descriptor(Descriptor& in, int name, Shared value) {
  in.attributes[name] = {kTypeDescriptor, 1, {}, {std::move(value)}};
}

template <class T>
void set_number(Descriptor& in, int name, T value) {
  const auto* bytes = reinterpret_cast<const char*>(&value);
  in.attributes[name] = {
      sizeof value == 8 ? kTypeInt64 : kTypeInt32, 1, {bytes, bytes + sizeof value}, {}};
}

/// The answers to what a caller may ask of a descriptor that it has just finalized.
void answer(Descriptor& made) {
  switch (made.type) {
    case kEngineHeuristics: {
      const Shared engine = finalized(kEngine);
      set_descriptor(*engine, kEngineGraph, made.descriptor(kHeuristicsGraph));
      set_number(*engine, kEngineIndex, int64_t{0});
      const Shared config = finalized(kEngineConfig);
      set_descriptor(*config, kConfigEngine, engine);
      set_number(*config, kConfigSharedMemory, int32_t{0});
      set_descriptor(made, kHeuristicsResults, config);
      break;
    }
    case kOperationGraph:
      set_number(made, kGraphEngineCount, int64_t{1});
      break;
    case kPlan:
      set_number(made, kPlanWorkspace, int64_t{0});
      break;
    default:
      break;
  }
}

}  // namespace

extern "C" {

size_t cudnnGetVersion() { return 92000; }
size_t cudnnGetCudartVersion() { return CUDART_VERSION; }

const char* cudnnGetErrorString(int status) {
  switch (status) {
    case kSuccess:
      return "CUDNN_STATUS_SUCCESS";
    case kNotInitialized:
      return "CUDNN_STATUS_NOT_INITIALIZED";
    case kBadParameter:
      return "CUDNN_STATUS_BAD_PARAM";
    case kNotSupported:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    case kExecutionFailed:
      return "CUDNN_STATUS_EXECUTION_FAILED";
    default:
      return "a cuDNN status that the fake has no words for";
  }
}
void cudnnGetLastErrorString(char* text, size_t bytes) { std::snprintf(text, bytes, "fake cuDNN"); }

int cudnnCreate(Handle** result) {
  fake_cuda::Lock lock;
  *result = nullptr;
  if (fake_cuda::refuse_unsafe_call()) return kNotInitialized;  // it allocates
  *result = new Handle;
  return kSuccess;
}
int cudnnDestroy(Handle* handle) {
  delete handle;
  return kSuccess;
}
int cudnnSetStream(Handle* handle, cudaStream_t stream) {
  handle->stream = stream;
  return kSuccess;
}
int cudnnGetStream(Handle* handle, cudaStream_t* stream) {
  *stream = handle->stream;
  return kSuccess;
}

int cudnnBackendCreateDescriptor(int type, void** result) {
  const std::lock_guard lock(mutex);
  auto made = std::make_shared<Descriptor>();
  made->type = type;
  *result = made.get();
  live()[*result] = std::move(made);
  return kSuccess;
}

int cudnnBackendDestroyDescriptor(void* handle) {
  const std::lock_guard lock(mutex);
  live().erase(handle);
  return kSuccess;
}

int cudnnBackendSetAttribute(void* handle, int name, int type, int64_t count, const void* values) {
  // In bytes, by cudnnBackendAttributeType_t; 0: not known here.
  static constexpr int kBytes[] = {8, 4, 1, 8, 4, 8, 8, 4, 4, 4, 4,  4, 4, 4, 4, 8,
                                   4, 4, 4, 4, 4, 4, 4, 4, 1, 4, 16, 4, 4, 4, 4};
  const std::lock_guard lock(mutex);
  const Shared in = find(handle);
  if (!in || type < 0 || type >= int(std::size(kBytes)) || in->finalized) return kBadParameter;
  Attribute& kept = in->attributes[name];
  const auto* bytes = static_cast<const char*>(values);
  kept = {type, count, {bytes, bytes + count * kBytes[type]}, {}};
  if (type != kTypeDescriptor) return kSuccess;
  for (int64_t i = 0; i < count; ++i) {
    const Shared value = find(static_cast<void* const*>(values)[i]);
    if (!value) return kBadParameter;
    kept.descriptors.push_back(value);
  }
  return kSuccess;
}

int cudnnBackendGetAttribute(void* handle, int name, int, int64_t requested, int64_t* count,
                             void* values) {
  const std::lock_guard lock(mutex);
  const Shared from = find(handle);
  if (!from) return kBadParameter;
  const auto found = from->attributes.find(name);
  if (count) *count = found == from->attributes.end() ? 0 : found->second.count;
  if (found == from->attributes.end() || requested == 0 || !values) return kSuccess;
  const Attribute& attribute = found->second;
  if (attribute.type != kTypeDescriptor) {
    const size_t each = attribute.bytes.size() / size_t(attribute.count);
    std::memcpy(values, attribute.bytes.data(),
                each * size_t(std::min(requested, attribute.count)));
    return kSuccess;
  }
  // The caller brings descriptors of its own, to be filled.
  for (int64_t i = 0; i < std::min(requested, attribute.count); ++i) {
    const Shared to = find(static_cast<void**>(values)[i]);
    if (!to || to->type != attribute.descriptors[size_t(i)]->type) return kBadParameter;
    *to = *attribute.descriptors[size_t(i)];
  }
  return kSuccess;
}

int cudnnBackendFinalize(void* handle) {
  const std::lock_guard lock(mutex);
  const Shared made = find(handle);
  if (!made) return kBadParameter;
  made->finalized = true;
  answer(*made);
  return kSuccess;
}

int cudnnBackendExecute(Handle* handle, void* plan_handle, void* pack_handle) {
  Shared plan;
  {
    const std::lock_guard lock(mutex);
    plan = find(plan_handle);
    if (!plan || !find(pack_handle)) return kBadParameter;
  }
  const Shared config = plan->descriptor(kPlanConfig);
  const Shared engine = config ? config->descriptor(kConfigEngine) : nullptr;
  const Shared graph = engine ? engine->descriptor(kEngineGraph) : nullptr;
  if (!graph) return kBadParameter;
  const cudaError_t error = fake_cuda::enqueue(
      handle->stream, {fake_cuda::Kind::library, graph_name(*graph), {}, {}, 0, {}}, [] {});
  return error == cudaSuccess ? kSuccess : kExecutionFailed;
}

}  // extern "C"
