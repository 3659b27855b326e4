// Latents to a picture, as numbers in 0 to 1.
#pragma once

#include "networks/vae_decoder.h"

namespace allaprima::runtime {

struct DecodedPicture {
  Tensor picture;  // [1, 3, height, width] fp32 in 0 to 1
  Tensor finite;   // [] bool: whether all that the decoder gave was
};

/// latents [1, C, h, w] fp32; `dtype` and `format` are what the decoder computes in.
inline DecodedPicture decode_picture(const nn::Forward& f, const networks::VaeDecoder& vae,
                                     at::ScalarType dtype, at::MemoryFormat format,
                                     const Tensor& latents) {
  const Tensor decoded = vae.decode(f, latents.to(dtype).contiguous(format));
  const Tensor finite = at::isfinite(decoded).all();
  // In place: a picture of full size has 12 bytes a pixel, and here that is enough once.
  return {decoded.to(at::kFloat).mul_(0.5).add_(0.5).clamp_(0, 1), finite};
}

}  // namespace allaprima::runtime
