// Counts the floating-point operations of what runs: linears, convolutions, attention products.
#pragma once

#include <ATen/record_function.h>

namespace allaprima::benchmarks {

/// Listens to libtorch's operators on this thread while it lives. One at a time.
class ProductCount {
 public:
  ProductCount();
  ~ProductCount();
  ProductCount(const ProductCount&) = delete;

  /// A multiplication and an addition count as two.
  int64_t operations() const;

 private:
  at::CallbackHandle handle_;
};

}  // namespace allaprima::benchmarks
