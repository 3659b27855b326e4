// What runs, by operator: calls, time, floating-point operations, bytes read and written.
#pragma once

#include <ATen/record_function.h>

#include <map>
#include <string>

namespace allaprima::benchmarks {

struct OpRow {
  int64_t calls = 0;
  double seconds = 0;
  int64_t operations = 0;  // a multiplication and an addition count as two
  int64_t bytes = 0;       // of tensors in and out
};

/// Listens, while it lives, to libtorch's operators and our kernels on this thread: those that are
/// called by us, not those that they call. One at a time.
class OpProfile {
 public:
  OpProfile();
  ~OpProfile();
  OpProfile(const OpProfile&) = delete;

  /// By name; products with the type of their numbers.
  const std::map<std::string, OpRow>& rows() const;
  int64_t operations() const;
  /// All operators, also those that operators call.
  int64_t dispatched() const;

 private:
  at::CallbackHandle handle_;
};

}  // namespace allaprima::benchmarks
