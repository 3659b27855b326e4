// Linear layers in float8 (e4m3): weights once, activations row by row as they come. The numbers
// are those of torchao 0.18, Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()).
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// Rows in float8, x ≈ values · scales: values [rows, width] e4m3, scales [rows, 1] fp32.
struct Fp8Rows {
  Tensor values;
  Tensor scales;
  int64_t bytes() const;
};

/// x [rows, width] in bf16 or fp32, activations or a weight [out, in]: s = amax / 448, rounded to
/// the type of x; q = x / s in fp32, rounded half to even, at most 448. torchao divides a row of
/// zeros by zero; here s is at least 2^-126, so that zeros stay zeros. fp16 has no such scales.
Fp8Rows quantize_fp8(const Tensor& x);

/// x [..., in] to [..., out], in the type of x, which is bf16 on CUDA: (q_x q_wᵀ) · s_x · s_w +
/// bias, bias [out] in that type or undefined. In and out are multiples of 16. On CUDA one product
/// of libtorch's does all of that; it needs compute capability 8.9 and adds up faster than it is
/// exact, as torchao's default. Elsewhere the plain one, which is for tests. Neither waits for the
/// device.
Tensor fp8_linear(const Tensor& x, const Fp8Rows& weight, const Tensor& bias);

/// Its meaning, by plain ATen operations, on any device: [rows, out] fp32.
Tensor fp8_product_plain(const Fp8Rows& x, const Fp8Rows& weight, const Tensor& bias);

}  // namespace allaprima::kernels
