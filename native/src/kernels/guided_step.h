// Guidance and the sampler's update of the latent, the only arithmetic between two network steps.
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// x' = latent · latent_factor + prediction · prediction_factor.
struct UpdateFactors {
  double latent = 1;
  double prediction = 0;
};

struct Guidance {
  double scale = 1;
  double rescale =
      0;  // 0 to 1: how far the result's deviation is brought back to the conditional's
};

/// Classifier-free guidance: prediction [2B, C, H, W] holds unconditional rows, then conditional;
/// g = u + scale · (c − u), then g · (rescale · std(c) / std(g) + 1 − rescale), with the deviation
/// of each picture (https://arxiv.org/abs/2305.08891, section 3.4); [B, C, H, W] in fp32.
Tensor guide(const Tensor& prediction, const Guidance& guidance);

/// latent and prediction [B, C, H, W]; the result is fp32.
Tensor update_latent(const Tensor& latent, const Tensor& prediction, const UpdateFactors& factors);

/// `guided` [B, C, H, W] fp32 with its deviation brought back, by `rescale` of the way, to that of
/// the conditional prediction; a number, or a tensor of one.
Tensor rescale_guided(const Tensor& guided, const Tensor& conditional, const Tensor& rescale);

/// guide without rescale, and update_latent, in one pass over the numbers and in place; CPU.
/// latent is contiguous fp32; prediction holds twice its rows, or as many: then `scale` has no
/// meaning.
void guided_update_(const Tensor& latent, const Tensor& prediction, double scale,
                    const UpdateFactors& factors);

}  // namespace allaprima::kernels
