// What runs, by operator: calls, time, floating-point operations, bytes read and written.
#pragma once

#include <ATen/record_function.h>

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace allaprima::benchmarks {

struct OpRow {
  int64_t calls = 0;
  double seconds = 0;
  int64_t operations = 0;  // a multiplication and an addition count as two
  int64_t bytes = 0;       // of tensors in and out
};

/// Listens, while it lives, to libtorch's operators and our kernels on this thread: those that are
/// called by us, not those that they call. One at a time.
///
/// On a GPU an operator's time lies between two events of the stream, which is what the device took
/// for its kernels as long as the host is ahead: put work in the stream before.
class OpProfile {
 public:
  explicit OpProfile(at::Device device = at::kCPU);
  ~OpProfile();
  OpProfile(const OpProfile&) = delete;

  /// Ends listening, waits for a GPU, and says how long it all took.
  double finish();

  /// By name; products with the type of their numbers. On a GPU their times are there after finish.
  const std::map<std::string, OpRow>& rows() const;
  int64_t operations() const;
  /// All operators, also those that operators call.
  int64_t dispatched() const;

 private:
  void stop();

  Stopwatch watch_;
  std::optional<at::CallbackHandle> handle_;
};

}  // namespace allaprima::benchmarks
