// Linear layers in int8: kernels/int8_linear.h.
#pragma once

#include "transforms/layers.h"
#include "transforms/plan.h"

namespace allaprima::transforms {

/// The linear layers of these names, but for those that see one row a picture and those whose
/// width in or out is no multiple of 8: they stay dense and are listed. Weights must be dense.
/// kInvalidArgument for a name that is no linear layer.
PlanEntry int8_dynamic(Networks networks, const std::vector<std::string>& names,
                       kernels::Int8Scheme scheme);

/// Why this layer cannot be in int8; empty when it can.
std::string why_not_int8(const LayerInfo& layer);

}  // namespace allaprima::transforms
