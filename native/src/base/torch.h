// The part of libtorch that we build on; precompiled once.
#pragma once

#include <ATen/ATen.h>

namespace allaprima {

using at::Tensor;

}  // namespace allaprima
