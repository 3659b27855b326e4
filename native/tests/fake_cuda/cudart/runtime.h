// What the files of the fake runtime share: streams, events, captures, graphs, and how a call
// fails.
#pragma once
#include <memory>
#include <mutex>
#include <thread>

#include "../fake_cuda.h"

namespace fake_cuda {

/// One lock for the whole device. Recursive: a host function of a stream may come back.
std::recursive_mutex& device_mutex();
struct Lock : std::lock_guard<std::recursive_mutex> {
  Lock() : lock_guard(device_mutex()) {}
};

/// Pieces of work that were done so far: the device's clock, on which each takes a microsecond, so
/// that what is chosen by time is chosen alike everywhere.
int64_t& device_clock();

/// Makes `code` the thread's last error, as every function of the runtime does, and returns it.
cudaError_t fail(cudaError_t code);
inline cudaError_t done(cudaError_t code) { return code == cudaSuccess ? code : fail(code); }

struct GraphNode {
  Node shown;
  std::function<void()> work;
  std::vector<GraphNode*> dependencies;
};
/// Nodes outlive the graph in what was instantiated from it.
struct Graph {
  std::vector<std::shared_ptr<GraphNode>> nodes;
};
std::vector<Node> shown_nodes(const Graph& graph);

struct Stream;
struct Capture {
  unsigned long long id;
  cudaStreamCaptureMode mode;
  std::thread::id thread;
  Stream* origin;
  std::unique_ptr<Graph> graph;
  bool invalidated = false;
  bool ended = false;
};
struct Stream {
  unsigned flags = 0;
  bool legacy = false;
  std::shared_ptr<Capture> capture;
  std::vector<GraphNode*> tail;  // what the next node of a capture depends on
};
struct Event {
  unsigned flags = 0;
  bool recorded = false;
  int64_t time = 0;                  // of device_clock
  std::shared_ptr<Capture> capture;  // of the last record, if a capture was going on
  std::vector<GraphNode*> tail;
};

/// Null: no such stream.
Stream* find_stream(cudaStream_t handle);
void for_each_stream(const std::function<void(Stream&)>& visit);

/// Calls that would wait or change the context: refused while a capture is under way that this
/// thread's mode does not let them ignore. Refusing invalidates the capture.
cudaError_t refuse_unsafe_call();
/// The same for what encompasses every stream, whatever the mode.
cudaError_t refuse_while_any_capture();
cudaError_t refuse_capture(Capture& capture, cudaError_t code);
/// Whether this stream may be used; not the legacy stream beside the capture of a blocking one.
cudaError_t check_stream_use(Stream& stream);
/// Work that the capturing thread gives to the legacy stream. CUDA lets it pass if the captured
/// stream is a non-blocking one: it would run at once and be missing in the graph.
cudaError_t refuse_stray_work(Stream& stream);

Counters& counts();
void note_captured(const Graph* graph);
void note_launched(const Graph& graph);
void note_eager(const Node& node);

bool is_device(const void* address);
bool is_pinned(const void* address);
/// The whole pages of untouched memory in a copy or fill stay untouched.
void copy_lazily(void* to, const void* from, size_t bytes);
void fill_lazily(void* to, int value, size_t bytes);

}  // namespace fake_cuda
