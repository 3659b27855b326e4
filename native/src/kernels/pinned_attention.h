// Fused attention on a GPU through one of libtorch's implementations, chosen once for each shape.
#pragma once

#include <string>
#include <vector>

#include "base/torch.h"

namespace allaprima::kernels {

/// Which implementation serves calls of one shape.
struct AttentionChoice {
  int64_t batch, heads, queries, keys, width;  // width of a head
  at::ScalarType dtype;
  bool causal;
  std::string backend;  // "flash", "cudnn", "efficient" or "math"
};

/// q [B, N, T, H], k and v [B, N, S, H] on CUDA: softmax(q kᵀ / √H) v, [B, N, T, H]. At the first
/// call of a shape all that can compute it are tried and timed, for which the host waits; later
/// calls, also inside a capture, take that one. An error says why none can.
Tensor pinned_attention(const Tensor& q, const Tensor& k, const Tensor& v, bool causal);

/// What was chosen in this process so far, in order.
std::vector<AttentionChoice> attention_choices();

}  // namespace allaprima::kernels
