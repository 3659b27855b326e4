// Queries, keys and values of an attention by one matrix product.
#pragma once

#include "transforms/layers.h"
#include "transforms/plan.h"

namespace allaprima::transforms {

/// Every attention of UNet and decoder: over itself one layer to_qkv, over the text to_kv. Biases
/// are kept, the layers before it given back. Weights must be dense.
PlanEntry fuse_qkv(Networks networks);

}  // namespace allaprima::transforms
