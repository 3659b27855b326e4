// Work of a device that was recorded once and is repeated as it is: on CUDA a graph that the driver
// runs by itself, on a CPU the work called again.
#pragma once

#include <functional>
#include <memory>

#include "base/torch.h"

namespace allaprima::runtime {

class Graph {
 public:
  virtual ~Graph() = default;
  /// Enqueues the work on this thread's stream; what it reads and writes lies where it lay when it
  /// was recorded.
  virtual void replay() = 0;
};

/// Memory for what recorded work holds between its first and its last operation. Graphs that are
/// replayed one after another may share one: what shall outlive a replay is copied out before the
/// next.
class GraphMemory {
 public:
  explicit GraphMemory(at::Device device);
  ~GraphMemory();
  GraphMemory(const GraphMemory&) = delete;
  GraphMemory& operator=(const GraphMemory&) = delete;

  at::Device device() const { return device_; }
  /// Of the device, that graphs hold now; 0 on a CPU.
  int64_t bytes() const;

 private:
  friend std::unique_ptr<Graph> capture(const std::shared_ptr<GraphMemory>& memory,
                                        const std::function<void()>& work);
  friend class CapturedWork;
  at::Device device_;
  std::pair<unsigned long long, unsigned long long> pool_{};  // c10::MempoolId_t
  int64_t graphs_ = 0;  // that hold the pool; libtorch takes none twice that nobody holds
};

/// Whether this build can record work of this kind of device; `fail_without_graphs` says what to
/// do.
bool can_record(at::Device device);
[[noreturn]] void fail_without_graphs();

/// Records `work`. On CUDA it is run a few times first, so that libraries choose and load what they
/// need, and then captured; it must read and write memory that lives longer than the graph, and
/// must not make the host wait: kUnavailable, with the operation that did, where it cannot be
/// captured. Where memory runs out: c10::OutOfMemoryError. Nothing is left behind then.
std::unique_ptr<Graph> record(const std::shared_ptr<GraphMemory>& memory,
                              std::function<void()> work);

/// The device's part of it, by the build: runtime/cuda or runtime/no_cuda.
std::unique_ptr<Graph> capture(const std::shared_ptr<GraphMemory>& memory,
                               const std::function<void()>& work);

/// Gives memory that libtorch keeps for later back to the driver. Nothing on a CPU.
void release_unused_memory(at::Device device);

}  // namespace allaprima::runtime
