// The only file that knows at::cuda::CUDAGraph. Of the class no more is used than constructor,
// capture_begin, capture_end and replay: the rest differs between libtorch's versions.
#include "runtime/graph.h"

#include <ATen/Context.h>
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/record_function.h>
#include <c10/cuda/CUDACachingAllocator.h>

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

class CapturedWork final : public Graph {
 public:
  explicit CapturedWork(std::shared_ptr<GraphMemory> memory) : memory_(std::move(memory)) {
    if (memory_->graphs_++ == 0) memory_->pool_ = at::cuda::graph_pool_handle();
  }
  ~CapturedWork() override { --memory_->graphs_; }
  CapturedWork(const CapturedWork&) = delete;
  CapturedWork& operator=(const CapturedWork&) = delete;

  void replay() override { graph_.replay(); }
  at::cuda::CUDAGraph& graph() { return graph_; }

 private:
  std::shared_ptr<GraphMemory> memory_;  // outlives the graph
  at::cuda::CUDAGraph graph_;
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

std::unique_ptr<Graph> capture(const std::shared_ptr<GraphMemory>& memory,
                               const std::function<void()>& work) {
  const at::Device device = memory->device();
  const FastestConvolutions fastest;
  for (int run = 0; run < kWarmUps; ++run) work();
  wait_for(device);
  auto captured = std::make_unique<CapturedWork>(memory);
  const OperationNames names;
  captured->graph().capture_begin(memory->pool_, cudaStreamCaptureModeThreadLocal);
  try {
    work();
    last_operation = "the end of the capture";
    captured->graph().capture_end();
  } catch (const c10::OutOfMemoryError&) {
    abandon(captured->graph(), device, memory->pool_);
    throw;
  } catch (const c10::Error& error) {
    const std::string operation = last_operation;
    abandon(captured->graph(), device, memory->pool_);
    fail(Code::kUnavailable, "this work cannot be recorded as a CUDA graph, which ", operation,
         " stopped: ", error.what_without_backtrace(),
         "; leave compile out (build instead of compile) to run it without a graph");
  } catch (...) {
    abandon(captured->graph(), device, memory->pool_);
    throw;
  }
  return captured;
}

void release_unused_memory(at::Device device) {
  if (device.is_cpu()) return;
  wait_for(device);
  allocator::emptyCache();
}

}  // namespace allaprima::runtime
