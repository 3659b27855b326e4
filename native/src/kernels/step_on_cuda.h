// begin_step and end_step by our own kernels; contracts in step_state.h.
#pragma once

#include "kernels/step_state.h"

namespace allaprima::kernels {

/// False, and nothing was done, for tensors that are not on CUDA, for a precision that the kernels
/// do not know, and in a build without CUDA.
bool begin_step_on_cuda(const StepState& state, const Tensor& input, const Tensor& time_row);
bool end_step_on_cuda(const StepState& state, const Tensor& prediction);

}  // namespace allaprima::kernels
