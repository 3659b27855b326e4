// Shapes as text and as checks.
#pragma once

#include <string>

#include "base/error.h"
#include "base/torch.h"

namespace allaprima {

inline std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

/// Throws kInternal unless `x` has this shape; -1 stands for any size.
inline void check_shape(const Tensor& x, at::IntArrayRef expected, const char* name) {
  bool same = x.dim() == static_cast<int64_t>(expected.size());
  for (size_t i = 0; same && i < expected.size(); ++i) {
    same = expected[i] == -1 || x.size(static_cast<int64_t>(i)) == expected[i];
  }
  check(same, Code::kInternal, name, ": shape ", shape_text(x.sizes()), ", expected ",
        shape_text(expected));
}

}  // namespace allaprima
