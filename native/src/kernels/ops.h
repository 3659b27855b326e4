// The operations that networks are written in. Each has a plain version, whose meaning is what
// diffusers computes; faster ones keep the meaning. A network never knows which it runs.
#pragma once

#include <optional>

#include "base/torch.h"

namespace allaprima::kernels {

/// Weights of a normalisation over C channels or D features: scale and shift [C].
struct NormWeights {
  const Tensor& weight;
  const Tensor& bias;
  double eps;
};

struct Ops {
  /// Per sample and group over x [B, C, …]; statistics in fp32. C is a multiple of `groups`.
  Tensor (*group_norm)(const Tensor& x, const NormWeights& norm, int64_t groups);
  /// silu(group_norm(x)).
  Tensor (*group_norm_silu)(const Tensor& x, const NormWeights& norm, int64_t groups);
  /// Over the last axis of x [B, T, D].
  Tensor (*layer_norm)(const Tensor& x, const NormWeights& norm);
  /// x [B, T, 2D] holds values, then gates: value · gelu(gate), gelu by erf. Result [B, T, D].
  Tensor (*geglu)(const Tensor& x);
  /// q [B, T, N·H], k and v [B, S, N·H] with N heads: softmax(q kᵀ / √H) v, per head.
  Tensor (*attention)(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);
  /// The same where token t sees tokens 0 to t only; S = T.
  Tensor (*causal_attention)(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);
  /// x + residual, of one shape.
  Tensor (*add_residual)(const Tensor& x, const Tensor& residual);
};

/// Plain ATen on every device.
const Ops& plain_ops();

}  // namespace allaprima::kernels
