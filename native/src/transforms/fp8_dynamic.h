// Linear layers in float8: kernels/fp8_linear.h.
#pragma once

#include "base/cuda_card.h"
#include "transforms/layers.h"
#include "transforms/plan.h"

namespace allaprima::transforms {

/// The linear layers of these names, but for those that see one row a picture, those whose width in
/// or out is no multiple of 16, and those that are in int8: they stay as they are and are listed.
/// kInvalidArgument for a name that is no linear layer. On any device, as the kernels;
/// why_no_fp8 says where that is meant.
PlanEntry fp8_dynamic(Networks networks, const std::vector<std::string>& names);

/// Why this layer cannot be in float8; empty when it can.
std::string why_not_fp8(const LayerInfo& layer, nn::Linear& linear);

/// Why a pipeline on this device, in this precision, computes nothing in float8; empty when it
/// does. `card` is that of the device.
std::string why_no_fp8(at::Device device, at::ScalarType precision,
                       const std::optional<CudaCard>& card);

}  // namespace allaprima::transforms
