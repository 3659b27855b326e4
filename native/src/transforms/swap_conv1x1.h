// 1×1 convolutions as linear layers over the channels of each pixel.
#pragma once

#include "transforms/layers.h"
#include "transforms/plan.h"

namespace allaprima::transforms {

/// The convolutions of these names; from then on they are among the linear layers. Weights must be
/// dense. kInvalidArgument for a name that is no convolution of 1×1.
PlanEntry swap_conv1x1(Networks networks, const std::vector<std::string>& names);

/// All that are left: where products are faster, and nobody has to know.
PlanEntry swap_all_conv1x1(Networks networks);

}  // namespace allaprima::transforms
