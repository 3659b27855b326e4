// A map twice as wide and high, through a convolution: the longest operation of the VAE.
#pragma once

#include "nn/layers.h"

namespace allaprima::networks {

/// conv(x doubled by repeating pixels), x [B, C, H, W] to [B, D, 2H, 2W]. On a CPU the large ones
/// are done in bands of rows of at most `most_work` floating-point operations each, between which
/// the run can be stopped; the numbers are the same.
Tensor upsample_conv(const nn::Forward& f, const nn::Conv2d& conv, const Tensor& x,
                     double most_work = 1.6e11);

}  // namespace allaprima::networks
