#include "kernels/step_state.h"

#include "base/shape.h"
#include "kernels/guided_step.h"
#include "kernels/step_on_cuda.h"

namespace allaprima::kernels {

namespace {

/// A factor of the next step, [] fp32.
Tensor factor(const Tensor& row, StepFactor which) {
  return row.select(1, static_cast<int64_t>(which)).squeeze(0);
}

/// Halves of the network's rows, or all of them: one for each copy of the latents.
std::vector<Tensor> copies_of(const Tensor& rows, const Tensor& latents) {
  return rows.chunk(rows.size(0) / latents.size(0), 0);
}

Tensor guided(const Tensor& prediction, const StepState& state, const Tensor& row, bool rescaled) {
  const auto halves = copies_of(prediction.to(at::kFloat), state.latents);
  if (halves.size() == 1) return halves[0];
  const Tensor plain = halves[0] + (halves[1] - halves[0]) * factor(row, StepFactor::kGuidance);
  if (!rescaled) return plain;
  return rescale_guided(plain, halves[1], factor(row, StepFactor::kRescale));
}

/// On a CPU the host can read the step, and one pass does it all.
void end_step_on_cpu(const StepState& state, const Tensor& prediction) {
  int64_t& step = *state.step.data_ptr<int64_t>();
  const auto* row = state.factors.const_data_ptr<float>() + step * kStepFactors;
  const auto of = [&](StepFactor which) { return double{row[static_cast<size_t>(which)]}; };
  guided_update_(state.latents, prediction, of(StepFactor::kGuidance),
                 {of(StepFactor::kLatent), of(StepFactor::kPrediction)});
  state.finite.data_ptr<bool>()[step] = at::isfinite(state.latents).all().item<bool>();
  ++step;
}

void check_rows(const StepState& state, const Tensor& rows, const char* what) {
  const int64_t pictures = state.latents.size(0);
  check_shape(rows, {rows.size(0) == pictures ? pictures : 2 * pictures, -1, -1, -1}, what);
}

}  // namespace

void begin_step_plain(const StepState& state, const Tensor& input, const Tensor& time_row) {
  const Tensor row = state.factors.index_select(0, state.step);
  const Tensor scaled = state.latents * factor(row, StepFactor::kInputScale);
  for (const Tensor& copy : copies_of(input, state.latents)) copy.copy_(scaled);
  time_row.copy_(state.times.index_select(0, state.step).squeeze(0));
}

void end_step_plain(const StepState& state, const Tensor& prediction, bool rescaled) {
  const Tensor row = state.factors.index_select(0, state.step);
  const Tensor guided_prediction = guided(prediction, state, row, rescaled);
  state.latents.copy_(state.latents * factor(row, StepFactor::kLatent) +
                      guided_prediction * factor(row, StepFactor::kPrediction));
  state.finite.index_copy_(0, state.step, at::isfinite(state.latents).all().unsqueeze(0));
  state.step.add_(1);
}

void begin_step(const StepState& state, const Tensor& input, const Tensor& time_row) {
  check_rows(state, input, "the network's input");
  if (!begin_step_on_cuda(state, input, time_row)) begin_step_plain(state, input, time_row);
}

void end_step(const StepState& state, const Tensor& prediction, bool rescaled) {
  check_rows(state, prediction, "prediction");
  if (rescaled) return end_step_plain(state, prediction, rescaled);
  if (prediction.is_cpu()) return end_step_on_cpu(state, prediction);
  if (!end_step_on_cuda(state, prediction)) end_step_plain(state, prediction, rescaled);
}

}  // namespace allaprima::kernels
