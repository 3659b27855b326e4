#include "kernels/attention.h"

#include "base/error.h"

namespace allaprima::kernels {

namespace {

/// [B, T, N·H] to [B, N, T, H], without a copy.
Tensor split_heads(const Tensor& x, int64_t heads) {
  return x.unflatten(-1, {heads, x.size(-1) / heads}).transpose(1, 2);
}

enum class Mask { kNone, kCausal };

Tensor run(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads, Mask mask) {
  check(q.dim() == 3 && k.dim() == 3 && q.size(-1) % heads == 0, Code::kInternal,
        "attention: width ", q.size(-1), " is not a multiple of ", heads, " heads");
  // libtorch's fused CPU attention in half precision is several times slower than in fp32 where
  // it has no MKL, and it rounds more.
  const bool widen = q.is_cpu() && q.scalar_type() != at::kFloat;
  const auto prepared = [&](const Tensor& x) {
    return split_heads(widen ? x.to(at::kFloat) : x, heads);
  };
  const Tensor mixed =
      at::scaled_dot_product_attention(prepared(q), prepared(k), prepared(v), std::nullopt,
                                       /*dropout_p=*/0.0, mask == Mask::kCausal);
  return mixed.transpose(1, 2).flatten(2).to(q.scalar_type());
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads) {
  return run(q, k, v, heads, Mask::kNone);
}

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads) {
  return run(q, k, v, heads, Mask::kCausal);
}

}  // namespace allaprima::kernels
