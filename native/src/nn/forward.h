// What a forward pass is given besides its tensors: which operations to use, and when to stop.
#pragma once

#include "base/stop.h"
#include "kernels/ops.h"

namespace allaprima::nn {

struct Forward {
  const kernels::Ops& ops;
  const StopFlag& stop;
};

}  // namespace allaprima::nn
