// Scaled dot-product attention through libtorch: fused, and by separate products.
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// Contracts in ops.h.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);
/// The same by products that hold the scores of all tokens, as before fused attention.
Tensor math_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);
Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);

}  // namespace allaprima::kernels
