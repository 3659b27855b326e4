// Linear layers that get weights of fewer bits, chosen by name.
#pragma once

#include <functional>

#include "transforms/layers.h"
#include "transforms/plan.h"

namespace allaprima::transforms {

struct Quantization {
  const char* transform;  // as the plan names it
  std::string how;        // in the plan's sentence
  /// Why a layer cannot be quantised so; empty when it can.
  std::function<std::string(const LayerInfo&, nn::Linear&)> why_not;
  std::function<void(nn::Linear&)> quantize;
};

/// The linear layers of these names; those that cannot be stay as they are and are listed.
/// kInvalidArgument for a name that is no linear layer; nothing was changed then.
PlanEntry quantize(Networks networks, const std::vector<std::string>& names,
                   const Quantization& quantization);

/// Why no layer with these widths, or rows of this kind, gains; empty when it may.
std::string why_not_quantized(const LayerInfo& layer, int64_t width_multiple);

}  // namespace allaprima::transforms
