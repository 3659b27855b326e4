// The only file that knows at::cuda::CUDAGraph. Of the class no more is used than constructor,
// capture_begin, capture_end and replay: the rest differs between libtorch's versions.
#include "runtime/graph.h"

#include <ATen/Context.h>
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/record_function.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include <map>

#include "base/device_stream.h"
#include "base/error.h"

namespace allaprima::runtime {

namespace allocator = c10::cuda::CUDACachingAllocator;

namespace {

/// Libraries load, plan and try out at the first calls of a shape, which no capture may contain.
constexpr int kWarmUps = 3;

thread_local std::string last_operation;

std::unique_ptr<at::ObserverContext> remember_operation(const at::RecordFunction& function) {
  last_operation = function.name();
  return nullptr;
}

/// While it lives cuDNN tries its algorithms at the first call of a shape and keeps the fastest;
/// a capture takes what was kept.
class FastestConvolutions {
 public:
  FastestConvolutions() { at::globalContext().setBenchmarkCuDNN(true); }
  ~FastestConvolutions() { at::globalContext().setBenchmarkCuDNN(before_); }
  FastestConvolutions(const FastestConvolutions&) = delete;
  FastestConvolutions& operator=(const FastestConvolutions&) = delete;

 private:
  bool before_ = at::globalContext().benchmarkCuDNN();
};

/// While it lives, last_operation is the operation that began last on this thread.
class OperationNames {
 public:
  OperationNames()
      : handle_(at::addThreadLocalCallback(
            at::RecordFunctionCallback(remember_operation).scopes({at::RecordScope::FUNCTION}))) {
    last_operation = "nothing";
  }
  ~OperationNames() { at::removeCallback(handle_); }
  OperationNames(const OperationNames&) = delete;
  OperationNames& operator=(const OperationNames&) = delete;

 private:
  at::CallbackHandle handle_;
};

template <class Work>
bool succeeds(Work work) {
  try {
    work();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

/// The pools of pinned memory, which libtorch 2.11 does not have yet.
template <class HostAllocator>
void leave_pinned_pool(HostAllocator* host, const c10::MempoolId_t& pool) {
  if constexpr (requires { host->end_allocate_to_pool(pool); }) {
    succeeds([&] { host->end_allocate_to_pool(pool); });
  }
}

template <class HostAllocator>
void release_pinned_pool(HostAllocator* host, const c10::MempoolId_t& pool) {
  if constexpr (requires { host->release_pool(pool); }) {
    succeeds([&] { host->release_pool(pool); });
  }
}

/// After a failure: the stream is no longer being captured and the allocators serve it as before.
/// How far capture_end comes with a capture that the driver has refused differs between libtorch's
/// versions: what it has left out is done here.
void abandon(at::cuda::CUDAGraph& graph, at::Device device, const c10::MempoolId_t& pool) {
  if (succeeds([&] { graph.capture_end(); })) return;
  static_cast<void>(cudaGetLastError());
  auto* host = at::getHostAllocator(at::kCUDA);
  succeeds([&] { allocator::endAllocateToPool(device.index(), pool); });
  leave_pinned_pool(host, pool);
  // A graph whose capture has ended releases it itself.
  if (succeeds([&] { graph.pool(); })) return;
  succeeds([&] { allocator::releasePool(device.index(), pool); });
  release_pinned_pool(host, pool);
}

}  // namespace

namespace {

/// Captured work that is alive, by device; for the engine thread.
int64_t& alive_on(at::Device device) {
  static std::map<c10::DeviceIndex, int64_t> counts;
  return counts[device.index()];
}

/// When it goes, libtorch gives back cuBLAS's workspace of the stream it was captured on, which is
/// also that of all our other graphs, and they have its address. Only the last may.
class OwnGraph final : public at::cuda::CUDAGraph {
 public:
  explicit OwnGraph(at::Device device) : device_(device) { ++alive_on(device_); }
  ~OwnGraph() {
    if (--alive_on(device_) > 0) {
      capture_stream_ =
          c10::cuda::getDefaultCUDAStream(device_.index());  // none was captured there
    }
  }

 private:
  at::Device device_;
};

}  // namespace

class CapturedWork final : public Graph {
 public:
  explicit CapturedWork(std::shared_ptr<GraphMemory> memory)
      : memory_(std::move(memory)), graph_(memory_->device()) {
    if (memory_->graphs_++ == 0) memory_->pool_ = at::cuda::graph_pool_handle();
  }
  ~CapturedWork() override { --memory_->graphs_; }
  CapturedWork(const CapturedWork&) = delete;
  CapturedWork& operator=(const CapturedWork&) = delete;

  void replay() override { graph_.replay(); }
  at::cuda::CUDAGraph& graph() { return graph_; }

 private:
  std::shared_ptr<GraphMemory> memory_;  // outlives the graph
  OwnGraph graph_;
};

GraphMemory::GraphMemory(at::Device device) : device_(device) {}

GraphMemory::~GraphMemory() = default;

int64_t GraphMemory::bytes() const {
  if (device_.is_cpu()) return 0;
  int64_t bytes = 0;
  for (const auto& segment : allocator::snapshot().segments) {
    if (segment.owner_private_pool_id == pool_) bytes += static_cast<int64_t>(segment.total_size);
  }
  return bytes;
}

bool can_record(at::Device device) { return device.is_cpu() || device.is_cuda(); }

namespace {

int64_t out_of_memory_count(at::Device device) {
  return allocator::getDeviceStats(device.index()).num_ooms;
}

bool says_out_of_memory(const c10::Error& error) {
  const auto* accelerator = dynamic_cast<const c10::AcceleratorError*>(&error);
  return accelerator != nullptr && accelerator->get_error_code() == cudaErrorMemoryAllocation;
}

/// Throws the exception that is being handled as what it is. That memory ran out, libraries hide,
/// and libtorch for them. `operation` is what a capture was stopped by, null before it.
[[noreturn]] void rethrow(bool out_of_memory, const std::string* operation) {
  try {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& error) {
    if (out_of_memory || says_out_of_memory(error)) {
      C10_THROW_ERROR(OutOfMemoryError, error.what_without_backtrace());
    }
    check(operation == nullptr, Code::kUnavailable,
          "this work cannot be recorded as a CUDA graph, which ",
          operation == nullptr ? "" : *operation, " stopped: ", error.what_without_backtrace(),
          "; leave compile out (build instead of compile) to run it without a graph");
    throw;
  }
}

/// Captures `work` and replays it once: the driver loads a graph when it is launched first.
void capture_into(at::cuda::CUDAGraph& graph, const c10::MempoolId_t& pool,
                  const std::function<void()>& work) {
  const OperationNames names;
  graph.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
  work();
  last_operation = "the end of the capture";
  graph.capture_end();
  last_operation = "the first replay";
  graph.replay();
}

}  // namespace

std::unique_ptr<Graph> capture(const std::shared_ptr<GraphMemory>& memory,
                               const std::function<void()>& work) {
  const at::Device device = memory->device();
  const FastestConvolutions fastest;
  const int64_t before = out_of_memory_count(device);
  auto captured = std::make_unique<CapturedWork>(memory);
  bool begun = false;
  try {
    for (int run = 0; run < kWarmUps; ++run) work();
    // What they used cannot serve the capture, which has memory of its own.
    release_unused_memory(device);
    begun = true;
    capture_into(captured->graph(), memory->pool_, work);
  } catch (...) {
    const std::string operation = last_operation;
    if (begun) abandon(captured->graph(), device, memory->pool_);
    rethrow(out_of_memory_count(device) > before, begun ? &operation : nullptr);
  }
  return captured;
}

/// Pinned memory, too, where libtorch can.
template <class HostAllocator>
void release_pinned(HostAllocator* host) {
  if constexpr (requires { host->empty_cache(); }) host->empty_cache();
}

void release_unused_memory(at::Device device) {
  if (device.is_cpu()) return;
  wait_for(device);
  allocator::emptyCache();
  release_pinned(at::getHostAllocator(at::kCUDA));
}

}  // namespace allaprima::runtime
