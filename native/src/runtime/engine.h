// The engine thread of a device: all native work runs on it, one task at a time, in the order of
// arrival, whoever calls.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>

namespace allaprima::runtime {

class Engine {
 public:
  /// The one engine of this process; started by the first call.
  static Engine& get();

  /// Runs `task` on the engine thread and waits. What it throws is thrown here.
  template <class Task>
  auto run(Task task) -> decltype(task()) {
    using Result = decltype(task());
    // Shared: the engine may still touch it when the caller has its result already.
    auto packaged = std::make_shared<std::packaged_task<Result()>>(std::move(task));
    auto result = packaged->get_future();
    enqueue([packaged] { (*packaged)(); });
    return result.get();
  }

  /// Tasks that have not begun.
  size_t waiting();

 private:
  Engine();
  void enqueue(std::function<void()> task);
  void work();
  static void* enter(void* engine);

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> tasks_;
};

}  // namespace allaprima::runtime
