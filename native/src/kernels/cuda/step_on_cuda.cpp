#include "kernels/step_on_cuda.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "kernels/cuda/step_state.h"

namespace allaprima::kernels {

namespace {

constexpr bool same(StepFactor factor, cuda::StepColumn column) {
  return static_cast<int64_t>(factor) == column;
}
static_assert(same(StepFactor::kInputScale, cuda::kInputScale));
static_assert(same(StepFactor::kLatent, cuda::kLatent));
static_assert(same(StepFactor::kPrediction, cuda::kPrediction));
static_assert(same(StepFactor::kGuidance, cuda::kGuidance));
static_assert(kStepFactors == cuda::kColumns);

std::optional<cuda::Element> element_of(const Tensor& x) {
  if (!x.is_cuda()) return std::nullopt;
  switch (x.scalar_type()) {
    case at::kFloat:
      return cuda::Element::kFloat;
    case at::kHalf:
      return cuda::Element::kHalf;
    case at::kBFloat16:
      return cuda::Element::kBFloat16;
    default:
      return std::nullopt;
  }
}

cuda::Map map_of(const Tensor& x, cuda::Element type) {
  return {x.data_ptr(), type, {x.stride(0), x.stride(1), x.stride(2), x.stride(3)}};
}

cuda::Step step_of(const StepState& s) {
  const Tensor& x = s.latents;
  return {s.step.data_ptr<int64_t>(),
          s.factors.const_data_ptr<float>(),
          x.data_ptr<float>(),
          s.finite.data_ptr<bool>(),
          x.size(0),
          x.size(1),
          x.size(2),
          x.size(3)};
}

int copies_of(const Tensor& rows, const StepState& state) {
  return static_cast<int>(rows.size(0) / state.latents.size(0));
}

}  // namespace

bool begin_step_on_cuda(const StepState& state, const Tensor& input, const Tensor& time_row) {
  const auto type = element_of(input);
  if (!type || !element_of(state.times)) return false;
  const cuda::TimeRows times{state.times.const_data_ptr(), time_row.data_ptr(), state.times.size(1),
                             static_cast<int32_t>(state.times.element_size())};
  C10_CUDA_CHECK(cuda::begin_step(step_of(state), times, map_of(input, *type),
                                  copies_of(input, state), c10::cuda::getCurrentCUDAStream()));
  return true;
}

bool end_step_on_cuda(const StepState& state, const Tensor& prediction) {
  const auto type = element_of(prediction);
  if (!type) return false;
  C10_CUDA_CHECK(cuda::end_step(step_of(state), map_of(prediction, *type),
                                copies_of(prediction, state), c10::cuda::getCurrentCUDAStream()));
  return true;
}

}  // namespace allaprima::kernels
