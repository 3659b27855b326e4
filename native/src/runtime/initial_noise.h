// The unscaled N(0,1) noise that a run starts from.
#pragma once

#include "runtime/request.h"

namespace allaprima::runtime {

/// Metadata of a file of latents that says they are the result of a run.
constexpr const char* kLatentsAre = "latents_are";
constexpr const char* kFinalLatents = "final";

/// [images, channels, height, width] fp32 on the CPU: from the request's file, or through
/// libtorch's CPU generator, which gives diffusers' noise: for one seed its noise for one
/// generator, for seeds of their own that for a list of generators, which is also what each picture
/// has alone.
Tensor initial_noise(const Request& request, at::IntArrayRef shape);

}  // namespace allaprima::runtime
