// Tensors to the loops of kernels/cpu.
#pragma once

#include <optional>

#include "base/torch.h"
#include "kernels/cpu/rows.h"

namespace allaprima::kernels {

/// The type of a tensor's numbers as the loops know it; nothing for one that they do not, or that
/// is not on a CPU.
std::optional<cpu::Element> element_of(const Tensor& x);

}  // namespace allaprima::kernels
