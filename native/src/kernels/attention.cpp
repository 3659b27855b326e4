#include "kernels/attention.h"

#include <cmath>

#include "base/error.h"
#include "kernels/pinned_attention.h"

namespace allaprima::kernels {

namespace {

/// [B, T, N·H] to [B, N, T, H], without a copy.
Tensor split_heads(const Tensor& x, int64_t heads) {
  return x.unflatten(-1, {heads, x.size(-1) / heads}).transpose(1, 2);
}

enum class Mask { kNone, kCausal };

void check_heads(const Tensor& q, const Tensor& k, int64_t heads) {
  check(q.dim() == 3 && k.dim() == 3 && q.size(-1) % heads == 0, Code::kInternal,
        "attention: width ", q.size(-1), " is not a multiple of ", heads, " heads");
}

Tensor run(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads, Mask mask) {
  check_heads(q, k, heads);
  // libtorch's fused CPU attention in half precision is several times slower than in fp32 where
  // it has no MKL, and it rounds more.
  const bool widen = q.is_cpu() && q.scalar_type() != at::kFloat;
  const auto prepared = [&](const Tensor& x) {
    return split_heads(widen ? x.to(at::kFloat) : x, heads);
  };
  const bool causal = mask == Mask::kCausal;
  const Tensor mixed =
      q.is_cuda() ? pinned_attention(prepared(q), prepared(k), prepared(v), causal)
                  : at::scaled_dot_product_attention(prepared(q), prepared(k), prepared(v),
                                                     std::nullopt, /*dropout_p=*/0.0, causal);
  return mixed.transpose(1, 2).flatten(2).to(q.scalar_type());
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads) {
  return run(q, k, v, heads, Mask::kNone);
}

// The order of diffusers' AttnProcessor: the scale goes into the first product.
Tensor math_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads) {
  check_heads(q, k, heads);
  const auto batched = [&](const Tensor& x) { return split_heads(x, heads).flatten(0, 1); };
  const Tensor query = batched(q), key = batched(k), value = batched(v);
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(-1)));
  const Tensor scores = at::baddbmm(at::empty({1}, q.options()), query, key.transpose(1, 2),
                                    /*beta=*/0, /*alpha=*/scale);
  const Tensor mixed = at::bmm(at::softmax(scores, -1), value);
  return mixed.unflatten(0, {q.size(0), heads}).transpose(1, 2).flatten(2);
}

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads) {
  return run(q, k, v, heads, Mask::kCausal);
}

}  // namespace allaprima::kernels
