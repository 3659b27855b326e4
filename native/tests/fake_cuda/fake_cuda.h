// A CUDA runtime without a GPU, for tests: what was called, what was captured, and how much memory
// there is to be. The libraries beside this header stand in for those that libtorch_cuda.so needs.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fake_cuda __attribute__((visibility("default"))) {

  /// What the host did since the last `reset_counters`. Work inside a graph is counted as its
  /// launch.
  struct Counters {
    int64_t device_synchronisations;
    int64_t stream_synchronisations;
    int64_t
        event_synchronisations;  // of events that were recorded: a host that stays two steps ahead
    int64_t event_queries;
    int64_t
        blocking_copies;  // cudaMemcpy, and cudaMemcpyAsync from or to memory that is not pinned
    int64_t copies_to_device;  // blocking or not, as the next two
    int64_t copies_to_host;
    int64_t copies_on_device;
    int64_t bytes_to_device;
    int64_t bytes_to_host;
    int64_t fills;    // cudaMemset and its kind
    int64_t kernels;  // kernels, products, convolutions that ran at once
    int64_t captured_nodes;
    int64_t graph_launches;
    int64_t device_allocations;  // calls of cudaMalloc that succeeded
    int64_t pinned_allocations;
    int64_t refused_by_capture;  // calls that a capture in progress forbids
    int64_t freed_workspaces;    // products that ran with a workspace that was given back
  };
  Counters counters();
  void reset_counters();

  struct Memory {
    size_t limit;
    size_t allocated;
    size_t peak;  // since the last `reset_peak`
    size_t pinned;
  };
  Memory memory();
  void reset_peak();
  /// How much the device holds; 0 is an H100's 80 GB. Also FAKE_CUDA_MEMORY, in bytes, at the
  /// start.
  void set_memory_limit(size_t bytes);

  struct Allocation {
    const void* address;
    size_t bytes;
    bool pinned;  // host memory of cudaHostAlloc; otherwise the device's
  };
  std::vector<Allocation> live_allocations();

  enum class Kind { kernel, emulated, library, copy, fill, host_function, event };

  /// One piece of work. `emulated` ones, copies, fills and host functions compute; kernels of
  /// others and most calls of libraries are names only, and leave their results as they were.
  struct Node {
    Kind kind;
    std::string name;
    dim3 grid;
    dim3 block;
    size_t bytes;                   // of a copy or fill
    std::vector<int> dependencies;  // indices into the same list
  };
  /// The graph whose capture ended last; empty after one that failed.
  std::vector<Node> captured_graph();
  /// The graph launched last.
  std::vector<Node> launched_graph();
  std::vector<std::string> names(const std::vector<Node>& nodes);

  /// Keeps a list of the work that runs outside graphs, too.
  void record_eager_work(bool on);
  std::vector<Node> eager_work();

  /// Products of at most this many multiply-adds are computed; others are names only.
  void set_product_limit(int64_t multiply_adds);

  /// What emulated_launch.h and the other fakes call: runs `work` now, or adds it to the graph that
  /// the stream is being captured into. The code is the runtime's last error, too.
  cudaError_t enqueue(cudaStream_t stream, Node node, std::function<void()> work);
  /// The same for a kernel that was compiled for the CPU; its name is that of the function.
  struct EmulatedLaunch {
    dim3 grid;
    dim3 block;
    size_t shared_bytes;
    bool pointers_are_ours;  // otherwise the launch fails, as a GPU's would when it runs
  };
  cudaError_t enqueue_emulated(cudaStream_t stream, const void* kernel,
                               const EmulatedLaunch& launch, std::function<void()> work);
  /// Null, or into memory of cudaMalloc or cudaHostAlloc.
  bool is_device_memory(const void* address);

  /// The name of the function at an address of this process, as a node shows it.
  std::string function_name(const void* address);
  /// A kernel's readable name: no parameters, no namespaces, of the template arguments those that
  /// say which kernel it is.
  std::string short_kernel_name(const std::string& mangled);

}  // namespace fake_cuda
