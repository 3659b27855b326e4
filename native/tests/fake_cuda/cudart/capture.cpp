// Stream capture: what joins it, what it forbids, and with which error. From the runtime API's
// documentation of cudaStreamBeginCapture and the errors 900 to 908, not from a driver's behaviour.
#include <algorithm>
#include <set>

#include "runtime.h"

namespace fake_cuda {
namespace {

thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;

std::vector<std::shared_ptr<Capture>>& active() {
  static auto* const all = new std::vector<std::shared_ptr<Capture>>;
  return *all;
}

bool forbidden_by(const Capture& capture) {
  if (thread_mode == cudaStreamCaptureModeRelaxed) return false;
  if (capture.thread == std::this_thread::get_id()) {
    return capture.mode != cudaStreamCaptureModeRelaxed;
  }
  return capture.mode == cudaStreamCaptureModeGlobal && thread_mode == cudaStreamCaptureModeGlobal;
}

/// Whether work of a forked stream was never joined to the stream the capture began on.
bool unjoined(const Capture& capture) {
  std::set<const GraphNode*> leaves;
  for (const auto& node : capture.graph->nodes) leaves.insert(node.get());
  for (const auto& node : capture.graph->nodes) {
    for (const GraphNode* before : node->dependencies) leaves.erase(before);
  }
  for (const GraphNode* node : capture.origin->tail) leaves.erase(node);
  return !leaves.empty();
}

void leave_streams(const Capture& capture) {
  for_each_stream([&](Stream& stream) {
    if (stream.capture.get() != &capture) return;
    stream.capture.reset();
    stream.tail.clear();
  });
}

cudaError_t begin(cudaStream_t handle, cudaStreamCaptureMode mode) {
  Lock lock;
  static unsigned long long last_id = 0;
  Stream* stream = find_stream(handle);
  if (!stream) return fail(cudaErrorInvalidResourceHandle);
  if (stream->legacy) return fail(cudaErrorStreamCaptureUnsupported);
  if (stream->capture) return fail(cudaErrorIllegalState);
  auto capture = std::make_shared<Capture>();
  capture->id = ++last_id;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->origin = stream;
  capture->graph = std::make_unique<Graph>();
  stream->capture = capture;
  stream->tail.clear();
  active().push_back(std::move(capture));
  return cudaSuccess;
}

cudaError_t end(cudaStream_t handle, cudaGraph_t* result) {
  Lock lock;
  *result = nullptr;
  Stream* stream = find_stream(handle);
  if (!stream) return fail(cudaErrorInvalidResourceHandle);
  const auto capture = stream->capture;
  if (!capture) return fail(cudaErrorIllegalState);
  if (capture->origin != stream) return fail(cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed &&
      capture->thread != std::this_thread::get_id()) {
    return fail(cudaErrorStreamCaptureWrongThread);
  }
  cudaError_t code = capture->invalidated ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
  if (code == cudaSuccess && unjoined(*capture)) code = cudaErrorStreamCaptureUnjoined;
  leave_streams(*capture);
  capture->ended = true;
  std::erase(active(), capture);
  note_captured(code == cudaSuccess ? capture->graph.get() : nullptr);
  if (code != cudaSuccess) return fail(code);
  *result = reinterpret_cast<cudaGraph_t>(capture->graph.release());
  return cudaSuccess;
}

}  // namespace

cudaError_t refuse_capture(Capture& capture, cudaError_t code) {
  capture.invalidated = true;
  ++counts().refused_by_capture;
  return fail(code);
}

cudaError_t refuse_unsafe_call() {
  for (const auto& capture : active()) {
    if (forbidden_by(*capture)) {
      return refuse_capture(*capture, cudaErrorStreamCaptureUnsupported);
    }
  }
  return cudaSuccess;
}

cudaError_t refuse_while_any_capture() {
  if (active().empty()) return cudaSuccess;
  for (const auto& capture : active()) capture->invalidated = true;
  return refuse_capture(*active().front(), cudaErrorStreamCaptureUnsupported);
}

cudaError_t check_stream_use(Stream& stream) {
  if (stream.capture) {
    return stream.capture->invalidated ? fail(cudaErrorStreamCaptureInvalidated) : cudaSuccess;
  }
  if (!stream.legacy) return cudaSuccess;
  for (const auto& capture : active()) {
    if ((capture->origin->flags & cudaStreamNonBlocking) == 0) {
      return refuse_capture(*capture, cudaErrorStreamCaptureImplicit);
    }
  }
  return cudaSuccess;
}

cudaError_t refuse_stray_work(Stream& stream) {
  if (!stream.legacy || thread_mode == cudaStreamCaptureModeRelaxed) return cudaSuccess;
  for (const auto& capture : active()) {
    if (capture->thread == std::this_thread::get_id()) {
      return refuse_capture(*capture, cudaErrorStreamCaptureImplicit);
    }
  }
  return cudaSuccess;
}

}  // namespace fake_cuda

using namespace fake_cuda;

extern "C" {

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, thread_mode);
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return begin(stream, mode);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return end(stream, graph);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  Lock lock;
  const Stream* stream = find_stream(handle);
  if (!stream) return fail(cudaErrorInvalidResourceHandle);
  *status = !stream->capture               ? cudaStreamCaptureStatusNone
            : stream->capture->invalidated ? cudaStreamCaptureStatusInvalidated
                                           : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t handle, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph,
                                     const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges, size_t* count) {
  Lock lock;
  if (auto error = cudaStreamIsCapturing(handle, status)) return error;
  if (edges) *edges = nullptr;
  if (*status == cudaStreamCaptureStatusNone) return cudaSuccess;
  const Stream* stream = find_stream(handle);
  if (id) *id = stream->capture->id;
  if (graph) *graph = reinterpret_cast<cudaGraph_t>(stream->capture->graph.get());
  if (dependencies) {
    *dependencies = reinterpret_cast<const cudaGraphNode_t*>(stream->tail.data());
  }
  if (count) *count = stream->tail.size();
  return cudaSuccess;
}

cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t handle, cudaGraphNode_t* given,
                                                const cudaGraphEdgeData*, size_t count,
                                                unsigned flags) {
  Lock lock;
  Stream* stream = find_stream(handle);
  if (!stream || !stream->capture) return fail(cudaErrorIllegalState);
  auto* nodes = reinterpret_cast<GraphNode**>(given);
  if (flags == cudaStreamSetCaptureDependencies) stream->tail.clear();
  stream->tail.insert(stream->tail.end(), nodes, nodes + count);
  return cudaSuccess;
}

}  // extern "C"
