// The only file that knows at::cuda::CUDAGraph. Of the class no more is used than constructor,
// capture_begin, capture_end and replay: the rest differs between libtorch's versions.
#include "runtime/graph.h"

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

class CapturedWork final : public Graph {
 public:
  explicit CapturedWork(std::shared_ptr<GraphMemory> memory) : memory_(std::move(memory)) {}
  void replay() override { graph.replay(); }

  at::cuda::CUDAGraph graph;

 private:
  std::shared_ptr<GraphMemory> memory_;  // outlives the graph
};

/// After a failure: the stream is no longer being captured and the allocator serves it as before.
void abandon(at::cuda::CUDAGraph& graph, at::Device device, c10::MempoolId_t pool) {
  try {
    graph.capture_end();
  } catch (const std::exception&) {
    // The driver has ended the capture; libtorch then has not told its allocator.
    allocator::endAllocateToPool(device.index(), pool);
    allocator::releasePool(device.index(), pool);
    static_cast<void>(cudaGetLastError());
  }
}

}  // namespace

GraphMemory::GraphMemory(at::Device device)
    : device_(device), pool_(device.is_cpu() ? decltype(pool_){} : at::cuda::graph_pool_handle()) {}

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
  for (int run = 0; run < kWarmUps; ++run) work();
  wait_for(device);
  auto captured = std::make_unique<CapturedWork>(memory);
  const OperationNames names;
  captured->graph.capture_begin(memory->pool_, cudaStreamCaptureModeThreadLocal);
  try {
    work();
    last_operation = "the end of the capture";
    captured->graph.capture_end();
  } catch (const c10::OutOfMemoryError&) {
    abandon(captured->graph, device, memory->pool_);
    throw;
  } catch (const c10::Error& error) {
    const std::string operation = last_operation;
    abandon(captured->graph, device, memory->pool_);
    fail(Code::kUnavailable, "this work cannot be recorded as a CUDA graph, which ", operation,
         " stopped: ", error.what_without_backtrace(),
         "; leave compile out (build instead of compile) to run it without a graph");
  } catch (...) {
    abandon(captured->graph, device, memory->pool_);
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
