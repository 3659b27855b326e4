// Guidance and the sampler's update of the latent, the only arithmetic between two network steps.
#pragma once

#include "base/torch.h"

namespace allaprima::kernels {

/// x' = latent · latent_factor + prediction · prediction_factor.
struct UpdateFactors {
  double latent = 1;
  double prediction = 0;
};

/// Classifier-free guidance: prediction [2B, C, H, W] holds unconditional rows, then conditional;
/// returns u + scale · (c − u), [B, C, H, W] in fp32.
Tensor guide(const Tensor& prediction, double scale);

/// latent and prediction [B, C, H, W]; the result is fp32.
Tensor update_latent(const Tensor& latent, const Tensor& prediction, const UpdateFactors& factors);

}  // namespace allaprima::kernels
