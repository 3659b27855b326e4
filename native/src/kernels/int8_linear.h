// Linear layers in int8: weights once, activations row by row as they come, products in int32.
// Scales, bias and the way back are fp32, whatever the precision of the activations.
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// How a row x becomes int8 values q and one scale s, x ≈ q · s. Both are symmetric.
enum class Int8Scheme : int32_t {
  /// torchao 54bcd5a, of the tutorial. Activations: s = max(amax, 1e-5) / 127, q = round(x / s).
  /// Weights: s = max(amax / 127.5, 2^-23), q = clamp(round(w / s), −128, 127).
  kTutorial = 0,
  /// torchao 0.18, Int8DynamicActivationInt8WeightConfig. Both: s = max(amax / 127.5, 2^-23),
  /// q = clamp(round(x · (1 / s)), −128, 127).
  kTorchao = 1,
};

/// Rows in int8: values [rows, width], scales [rows] fp32. Rounding is half to even.
struct Int8Rows {
  Tensor values;
  Tensor scales;
};

/// A weight: its rows are the output channels.
struct Int8Weight {
  Int8Rows rows;
  Int8Scheme scheme;
  int64_t bytes() const;
};

/// weight [out, in] of any floating type.
Int8Weight quantize_weight(const Tensor& weight, Int8Scheme scheme);

/// x [rows, width] of any floating type.
Int8Rows quantize_rows(const Tensor& x, Int8Scheme scheme);

/// x [..., in] to [..., out], in the type of x: (q_x q_wᵀ) · s_x · s_w + bias, bias [out] fp32 or
/// undefined. Sums are exact in int32 for in ≤ 131,072.
Tensor int8_linear(const Tensor& x, const Int8Weight& weight, const Tensor& bias);

/// q_x q_wᵀ in int32: x [rows, in] and weight [out, in] in int8. libtorch's product asks for more
/// than 16 rows on CUDA; rows of zeros make up for those that `fewest` finds missing.
Tensor int8_product(const Tensor& x, const Tensor& weight, int64_t fewest);

/// Their meaning, by plain ATen operations, on any device.
Int8Rows quantize_rows_plain(const Tensor& x, Int8Scheme scheme);
Int8Rows quantize_weight_plain(const Tensor& weight, Int8Scheme scheme);
Tensor dequantize_plain(const Tensor& sums, const Tensor& row_scales, const Tensor& column_scales,
                        const Tensor& bias);

}  // namespace allaprima::kernels
