// Layouts of weights: channels-last for maps, and oneDNN's own order.
#pragma once

#include "transforms/layers.h"
#include "transforms/plan.h"

namespace allaprima::transforms {

/// Every dense convolution's weight channels-last; maps that enter the networks must be, too.
PlanEntry channels_last(Networks networks);

/// Every dense linear layer and convolution of a type that kernels::can_pack knows, in oneDNN's
/// order, for calls of this size; the dense weights are given back, layer by layer. CPU only.
PlanEntry pack(Networks networks, const CallSize& call);

/// Convolutions packed for calls of another size: copies each of them, one at a time.
void fit(Networks networks, const CallSize& call);

}  // namespace allaprima::transforms
