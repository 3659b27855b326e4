// The plain versions: one or two ATen calls each. They are the oracle of every faster one.
#include "kernels/attention.h"
#include "kernels/ops.h"

namespace allaprima::kernels {

namespace {

Tensor group_norm(const Tensor& x, const NormWeights& norm, int64_t groups) {
  return at::group_norm(x, groups, norm.weight, norm.bias, norm.eps);
}

Tensor group_norm_silu(const Tensor& x, const NormWeights& norm, int64_t groups) {
  return at::silu(group_norm(x, norm, groups));
}

Tensor layer_norm(const Tensor& x, const NormWeights& norm) {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, norm.eps);
}

Tensor geglu(const Tensor& x) {
  const auto halves = x.chunk(2, -1);
  return halves[0] * at::gelu(halves[1]);
}

Tensor add_residual(const Tensor& x, const Tensor& residual) { return x + residual; }

}  // namespace

const Ops& plain_ops() {
  static constexpr Ops kPlain{group_norm, group_norm_silu,  layer_norm,  geglu,
                              attention,  causal_attention, add_residual};
  return kPlain;
}

}  // namespace allaprima::kernels
