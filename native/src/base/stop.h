// How a run is stopped from another thread.
#pragma once

#include <atomic>

#include "base/error.h"

namespace allaprima {

class StopFlag {
 public:
  void request() { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }

  /// Throws kCancelled once a stop was requested. Networks call it between their blocks.
  void check() const { allaprima::check(!requested(), Code::kCancelled, "the run was cancelled"); }

  /// One that nobody requests.
  static const StopFlag& never() {
    static const StopFlag flag;
    return flag;
  }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace allaprima
