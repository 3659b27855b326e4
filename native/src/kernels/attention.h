// Scaled dot-product attention through libtorch.
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// Contracts in ops.h.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);
Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);

}  // namespace allaprima::kernels
