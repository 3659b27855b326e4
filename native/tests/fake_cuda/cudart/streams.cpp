// Streams and events. Work runs when it is enqueued, so a stream is never busy; what this file does
// is count who waits, and carry a capture from stream to stream.
#include <algorithm>
#include <unordered_set>

#include "runtime.h"

namespace fake_cuda {
namespace {

struct Streams {
  Stream legacy;
  Stream per_thread;
  std::unordered_set<Stream*> created;
  std::unordered_set<Event*> events;
  Streams() { legacy.legacy = true; }
};
Streams& streams() {
  static auto* const all = new Streams;
  return *all;
}

Event* find_event(cudaEvent_t handle) {
  auto* event = reinterpret_cast<Event*>(handle);
  return streams().events.count(event) ? event : nullptr;
}

cudaError_t create_stream(cudaStream_t* result, unsigned flags) {
  Lock lock;
  auto* stream = new Stream;
  stream->flags = flags;
  streams().created.insert(stream);
  *result = reinterpret_cast<cudaStream_t>(stream);
  return cudaSuccess;
}

cudaError_t create_event(cudaEvent_t* result, unsigned flags) {
  Lock lock;
  auto* event = new Event;
  event->flags = flags;
  streams().events.insert(event);
  *result = reinterpret_cast<cudaEvent_t>(event);
  return cudaSuccess;
}

cudaError_t record(cudaEvent_t handle, cudaStream_t stream_handle, unsigned flags) {
  Lock lock;
  Event* event = find_event(handle);
  Stream* stream = find_stream(stream_handle);
  if (!event || !stream) return fail(cudaErrorInvalidResourceHandle);
  if (auto refused = check_stream_use(*stream)) return refused;
  if (stream->capture && (flags & cudaEventRecordExternal)) {
    return enqueue(stream_handle, {Kind::event, "event record", {}, {}, 0, {}},
                   [event] { event->time = device_clock(); });
  }
  event->recorded = true;
  event->time = device_clock();
  event->capture = stream->capture;
  event->tail = stream->tail;
  return cudaSuccess;
}

cudaError_t wait_captured(Stream& stream, const Event& event) {
  Capture& capture = *event.capture;
  if (capture.ended) return fail(cudaErrorCapturedEvent);
  if (stream.legacy) return refuse_capture(capture, cudaErrorStreamCaptureImplicit);
  if (capture.invalidated) return fail(cudaErrorStreamCaptureInvalidated);
  if (stream.capture && stream.capture.get() != &capture) {
    stream.capture->invalidated = true;
    return refuse_capture(capture, cudaErrorStreamCaptureMerge);
  }
  stream.capture = event.capture;
  for (GraphNode* node : event.tail) {
    if (std::find(stream.tail.begin(), stream.tail.end(), node) == stream.tail.end()) {
      stream.tail.push_back(node);
    }
  }
  return cudaSuccess;
}

cudaError_t wait(cudaStream_t stream_handle, cudaEvent_t handle, unsigned flags) {
  Lock lock;
  const Event* event = find_event(handle);
  Stream* stream = find_stream(stream_handle);
  if (!event || !stream) return fail(cudaErrorInvalidResourceHandle);
  if (stream->capture && (flags & cudaEventWaitExternal)) {
    return enqueue(stream_handle, {Kind::event, "event wait", {}, {}, 0, {}}, [] {});
  }
  if (!event->recorded) return cudaSuccess;
  if (event->capture) return wait_captured(*stream, *event);
  if (stream->capture) {
    return refuse_capture(*stream->capture, cudaErrorStreamCaptureIsolation);
  }
  return cudaSuccess;
}

/// For cudaStreamSynchronize and cudaStreamQuery.
cudaError_t check_idle(cudaStream_t handle) {
  Stream* stream = find_stream(handle);
  if (!stream) return fail(cudaErrorInvalidResourceHandle);
  if (stream->capture) {
    return refuse_capture(*stream->capture, cudaErrorStreamCaptureUnsupported);
  }
  if (auto refused = refuse_unsafe_call()) return refused;
  return check_stream_use(*stream);
}

/// For cudaEventSynchronize and cudaEventQuery.
cudaError_t check_passed(cudaEvent_t handle) {
  const Event* event = find_event(handle);
  if (!event) return fail(cudaErrorInvalidResourceHandle);
  if (event->capture) {
    if (event->capture->ended) return fail(cudaErrorCapturedEvent);
    return refuse_capture(*event->capture, cudaErrorCapturedEvent);
  }
  return refuse_unsafe_call();
}

}  // namespace

Stream* find_stream(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return &streams().legacy;
  if (handle == cudaStreamPerThread) return &streams().per_thread;
  auto* stream = reinterpret_cast<Stream*>(handle);
  return streams().created.count(stream) ? stream : nullptr;
}

void for_each_stream(const std::function<void(Stream&)>& visit) {
  for (Stream* stream : streams().created) visit(*stream);
  visit(streams().per_thread);
}

}  // namespace fake_cuda

using namespace fake_cuda;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* result, unsigned flags) {
  return create_stream(result, flags);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* result, unsigned flags, int) {
  return create_stream(result, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  Lock lock;
  auto* stream = reinterpret_cast<Stream*>(handle);
  if (streams().created.erase(stream) == 0) return fail(cudaErrorInvalidResourceHandle);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  Lock lock;
  if (auto refused = check_idle(handle)) return refused;
  ++counts().stream_synchronisations;
  return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  Lock lock;
  return check_idle(handle);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  return wait(stream, event, flags);
}

cudaError_t cudaDeviceSynchronize() {
  Lock lock;
  if (auto refused = refuse_while_any_capture()) return refused;
  ++counts().device_synchronisations;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* result) { return create_event(result, 0); }

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* result, unsigned flags) {
  return create_event(result, flags);
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  Lock lock;
  auto* event = reinterpret_cast<Event*>(handle);
  if (streams().events.erase(event) == 0) return fail(cudaErrorInvalidResourceHandle);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return record(event, stream, 0);
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  return record(event, stream, flags);
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  Lock lock;
  if (auto refused = check_passed(handle)) return refused;
  ++counts().event_queries;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  Lock lock;
  if (auto refused = check_passed(handle)) return refused;
  if (find_event(handle)->recorded) ++counts().event_synchronisations;
  return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t first, cudaEvent_t second) {
  Lock lock;
  const Event* from = find_event(first);
  const Event* to = find_event(second);
  if (!from || !to || !from->recorded || !to->recorded ||
      ((from->flags | to->flags) & cudaEventDisableTiming)) {
    return fail(cudaErrorInvalidResourceHandle);
  }
  *milliseconds = float(to->time - from->time) / 1000;
  return cudaSuccess;
}

}  // extern "C"
