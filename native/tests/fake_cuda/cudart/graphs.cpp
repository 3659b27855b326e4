// Work: done at once, or a node of the graph being captured; and graphs, launched node by node.
#include <unordered_map>

#include "runtime.h"

namespace fake_cuda {
namespace {

Graph* graph_of(cudaGraph_t handle) { return reinterpret_cast<Graph*>(handle); }
Graph* graph_of(cudaGraphExec_t handle) { return reinterpret_cast<Graph*>(handle); }

struct Seen {
  std::vector<Node> captured;
  Graph launched;
  bool record_eager = false;
  std::vector<Node> eager;
};
Seen& seen() {
  static auto* const all = new Seen;
  return *all;
}

void append(Stream& stream, Node node, std::function<void()> work) {
  auto added = std::make_shared<GraphNode>();
  added->shown = std::move(node);
  added->work = std::move(work);
  added->dependencies = stream.tail;
  stream.tail = {added.get()};
  stream.capture->graph->nodes.push_back(std::move(added));
  ++counts().captured_nodes;
}

cudaError_t launch(cudaGraphExec_t handle, cudaStream_t stream_handle) {
  Lock lock;
  const Graph* graph = graph_of(handle);
  Stream* stream = find_stream(stream_handle);
  if (!graph || !stream) return fail(cudaErrorInvalidResourceHandle);
  if (auto refused = check_stream_use(*stream)) return refused;
  if (stream->capture) {  // a child graph, kept by its nodes
    for (const auto& node : graph->nodes) append(*stream, node->shown, node->work);
    return cudaSuccess;
  }
  ++counts().graph_launches;
  device_clock() += int64_t(graph->nodes.size());
  note_launched(*graph);
  for (const auto& node : graph->nodes) node->work();
  return cudaSuccess;
}

}  // namespace

int64_t& device_clock() {
  static int64_t clock = 0;
  return clock;
}

cudaError_t enqueue(cudaStream_t handle, Node node, std::function<void()> work) {
  Lock lock;
  Stream* stream = find_stream(handle);
  if (!stream) return fail(cudaErrorInvalidResourceHandle);
  if (auto refused = check_stream_use(*stream)) return refused;
  if (auto refused = refuse_stray_work(*stream)) return refused;
  if (stream->capture) {
    append(*stream, std::move(node), std::move(work));
    return cudaSuccess;
  }
  if (node.kind == Kind::fill) ++counts().fills;
  if (node.kind == Kind::kernel || node.kind == Kind::emulated || node.kind == Kind::library) {
    ++counts().kernels;
  }
  note_eager(node);
  ++device_clock();
  work();
  return cudaSuccess;
}

std::vector<Node> shown_nodes(const Graph& graph) {
  std::unordered_map<const GraphNode*, int> index;
  std::vector<Node> result;
  for (const auto& node : graph.nodes) {
    index[node.get()] = int(result.size());
    result.push_back(node->shown);
    for (const GraphNode* before : node->dependencies) {
      result.back().dependencies.push_back(index.at(before));
    }
  }
  return result;
}

void note_captured(const Graph* graph) {
  seen().captured = graph ? shown_nodes(*graph) : std::vector<Node>();
}

void note_launched(const Graph& graph) { seen().launched = graph; }

void note_eager(const Node& node) {
  if (seen().record_eager) seen().eager.push_back(node);
}

std::vector<Node> captured_graph() {
  Lock lock;
  return seen().captured;
}

std::vector<Node> launched_graph() {
  Lock lock;
  return shown_nodes(seen().launched);
}

std::vector<std::string> names(const std::vector<Node>& nodes) {
  std::vector<std::string> result;
  for (const Node& node : nodes) result.push_back(node.name);
  return result;
}

void record_eager_work(bool on) {
  Lock lock;
  seen().record_eager = on;
  seen().eager.clear();
}

std::vector<Node> eager_work() {
  Lock lock;
  return seen().eager;
}

}  // namespace fake_cuda

using namespace fake_cuda;

extern "C" {

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* result, cudaGraph_t graph,
                                          unsigned long long) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  if (!graph) return fail(cudaErrorInvalidValue);
  *result = reinterpret_cast<cudaGraphExec_t>(new Graph(*graph_of(graph)));
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  return launch(graph, stream);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  Lock lock;
  delete graph_of(graph);
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  Lock lock;
  delete graph_of(graph);
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t handle, cudaGraphNode_t* nodes, size_t* count) {
  Lock lock;
  const auto& all = graph_of(handle)->nodes;
  if (nodes) {
    for (size_t i = 0; i < *count; ++i) {
      nodes[i] = i < all.size() ? reinterpret_cast<cudaGraphNode_t>(all[i].get()) : nullptr;
    }
  }
  if (!nodes || all.size() < *count) *count = all.size();
  return cudaSuccess;
}

cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t handle, cudaGraphNode_t* nodes,
                                         cudaGraphEdgeData* edges, size_t* count) {
  Lock lock;
  const auto& all = reinterpret_cast<GraphNode*>(handle)->dependencies;
  for (size_t i = 0; nodes && i < *count; ++i) {
    nodes[i] = i < all.size() ? reinterpret_cast<cudaGraphNode_t>(all[i]) : nullptr;
    if (edges) edges[i] = {};
  }
  if (!nodes || all.size() < *count) *count = all.size();
  return cudaSuccess;
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* data,
                                  unsigned) {
  return enqueue(stream, {Kind::host_function, "callback", {}, {}, 0, {}},
                 [=] { callback(stream, cudaSuccess, data); });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return enqueue(stream, {Kind::host_function, "host function", {}, {}, 0, {}},
                 [=] { function(data); });
}

}  // extern "C"
