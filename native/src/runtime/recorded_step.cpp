#include "runtime/recorded_step.h"

#include "base/device_stream.h"

namespace allaprima::runtime {

namespace {

/// [S, W]: a row holds what every residual block adds at a step, block after block.
Tensor table_of(const networks::PreparedTimes& times) {
  std::vector<Tensor> columns;
  for (const Tensor& projection : times.projections) columns.push_back(projection.flatten(1));
  return at::cat(columns, 1);
}

/// The same rows again, each [1, B, C], as views.
networks::PreparedTimes views_of(const Tensor& row, const networks::PreparedTimes& like) {
  networks::PreparedTimes views;
  int64_t begin = 0;
  for (const Tensor& projection : like.projections) {
    const int64_t rows = projection.size(1), width = projection.size(2);
    views.projections.push_back(row.narrow(0, begin, rows * width).view({1, rows, width}));
    begin += rows * width;
  }
  return views;
}

/// [S, kStepFactors] fp32 on the CPU.
Tensor factors_of(const StepInput& input) {
  std::vector<float> numbers;
  for (const sampling::StepRow& row : input.table.rows) {
    for (double number : {row.input_scale, row.latent_factor, row.prediction_factor, input.guidance,
                          input.rescale}) {
      numbers.push_back(static_cast<float>(number));
    }
  }
  return at::tensor(numbers, at::kFloat).view({-1, kernels::kStepFactors});
}

networks::PreparedText empty_like(const networks::PreparedText& text) {
  networks::PreparedText held{at::zeros_like(text.added), {}, {}};
  for (const nn::KeyValue& entry : text.cross) {
    held.cross.push_back({at::zeros_like(entry.key), at::zeros_like(entry.value)});
  }
  return held;
}

}  // namespace

RecordedStep::RecordedStep(const Denoiser& denoiser, const StepShape& shape, const StepInput& like,
                           int64_t steps, const std::shared_ptr<GraphMemory>& memory)
    : denoiser_(denoiser), shape_(shape), device_(memory->device()) {
  check(steps >= kFewestRecordedSteps, Code::kInternal, "a recording for ", steps,
        " steps, expected at least ", kFewestRecordedSteps);
  hold_inputs(like, steps);
  graph_ = record(memory, [this] { work(); });
}

void RecordedStep::hold_inputs(const StepInput& like, int64_t steps) {
  const auto on = [&](at::ScalarType type) { return at::TensorOptions(type).device(device_); };
  const Tensor times = table_of(like.times);
  const int64_t channels = denoiser_.unet.config().in_channels;
  state_ = {at::zeros({1}, on(at::kLong)),
            at::zeros({steps, kernels::kStepFactors}, on(at::kFloat)),
            at::zeros({steps, times.size(1)}, times.options()),
            at::zeros({shape_.images, channels, shape_.height, shape_.width}, on(at::kFloat)),
            at::zeros({steps}, on(at::kBool))};
  input_ = at::empty({shape_.rows, channels, shape_.height, shape_.width}, on(denoiser_.dtype),
                     denoiser_.format)
               .zero_();
  time_row_ = at::zeros({times.size(1)}, times.options());
  times_ = views_of(time_row_, like.times);
  start_at(0);
  // On a CPU nothing is bound to where it lies: the run's own tensors are read.
  text_ = device_.is_cpu() ? like.text : empty_like(like.text);
}

bool RecordedStep::holds(const StepShape& shape, int64_t steps) const {
  return shape == shape_ && steps <= state_.factors.size(0);
}

void RecordedStep::start_at(int64_t next) {
  state_.step.copy_(to_device(at::full({1}, next, at::kLong), device_));
  state_.finite.copy_(to_device(at::ones(state_.finite.sizes(), at::kBool), device_));
}

void RecordedStep::put_in(const networks::PreparedText& text) {
  if (device_.is_cpu()) {
    text_ = text;
    return;
  }
  text_.added.copy_(text.added);
  for (size_t i = 0; i < text.cross.size(); ++i) {
    text_.cross[i].key.copy_(text.cross[i].key);
    text_.cross[i].value.copy_(text.cross[i].value);
  }
}

void RecordedStep::load(const void* user, const StepInput& input, const Tensor& latents,
                        int64_t next, std::function<void()> when_replaced) {
  if (user_ != nullptr && when_replaced_) {
    const auto tell = when_replaced_;  // who is told unloads
    tell();
  }
  const Tensor factors = factors_of(input);
  state_.factors.narrow(0, 0, factors.size(0)).copy_(to_device(factors, device_));
  state_.times.narrow(0, 0, factors.size(0)).copy_(table_of(input.times));
  put_in(input.text);
  state_.latents.copy_(latents);
  start_at(next);
  user_ = user;
  when_replaced_ = std::move(when_replaced);
}

void RecordedStep::unload(const void* user) {
  if (user_ != user) return;
  user_ = nullptr;
  when_replaced_ = nullptr;
  if (device_.is_cpu()) text_ = {};  // the run's, and up to 100 MB
}

void RecordedStep::work() {
  kernels::begin_step(state_, input_, time_row_);
  prediction_ = denoiser_.unet.step({denoiser_.ops, *stop_}, input_, {text_, times_, 0});
  kernels::end_step(state_, prediction_, shape_.rescaled);
}

void RecordedStep::replay(const StopFlag& stop) {
  stop_ = &stop;
  try {
    graph_->replay();
  } catch (...) {
    stop_ = &StopFlag::never();
    throw;
  }
  stop_ = &StopFlag::never();
}

}  // namespace allaprima::runtime
