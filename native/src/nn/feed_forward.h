// The feed-forward half of a transformer block: a gated layer of four times the width.
#pragma once

#include "nn/layers.h"

namespace allaprima::nn {

class FeedForward {
 public:
  explicit FeedForward(int64_t width)
      : proj_in(width, 8 * width, Bias::kPresent), proj_out(4 * width, width, Bias::kPresent) {}

  /// x [B, T, D] to [B, T, D].
  Tensor forward(const Forward& f, const Tensor& x) const {
    return proj_out.forward(f.ops.geglu(proj_in.forward(x)));
  }
  void visit(Visitor& visitor) {
    visitor.child("net.0.proj", proj_in);
    visitor.child("net.2", proj_out);
  }

 private:
  Linear proj_in, proj_out;
};

}  // namespace allaprima::nn
