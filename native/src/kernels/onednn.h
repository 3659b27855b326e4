// oneDNN's linear layers and convolutions with weights in oneDNN's own order, on a CPU. libtorch
// does not export oneDNN; these are the operators that its compiler calls.
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// Whether packed layers of this type run here, and run faster: fp32, bf16 with AVX-512.
bool can_pack(at::ScalarType dtype);

/// weight [out, in] to what packed_linear takes.
Tensor pack_linear(const Tensor& weight);
/// x [..., in] to [..., out]; bias [out] or undefined.
Tensor packed_linear(const Tensor& x, const Tensor& packed, const Tensor& bias);

struct ConvPlace {
  int64_t stride, padding;
};

/// weight [out, in, k, k], dense or packed before, to what packed_conv takes; the order depends on
/// the shape of the maps [B, in, H, W] to come. Other maps work too, by a reorder at each call.
Tensor pack_conv(const Tensor& weight, const ConvPlace& place, at::IntArrayRef map_shape);
/// x [B, in, H, W], channels-last, to [B, out, …], channels-last.
Tensor packed_conv(const Tensor& x, const Tensor& packed, const Tensor& bias,
                   const ConvPlace& place);

}  // namespace allaprima::kernels
