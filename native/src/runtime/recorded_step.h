// One denoising step, recorded: it reads its number, its factors and its times where the network
// runs, moves the latents there and counts on. A picture is as many replays.
#pragma once

#include <functional>

#include "kernels/step_state.h"
#include "networks/unet.h"
#include "runtime/graph.h"
#include "sampling/euler.h"

namespace allaprima::runtime {

/// What a recording is made for; another needs one of its own.
struct StepShape {
  int64_t images = 1, rows = 1;   // rows of the network: images, twice where the run is guided
  int64_t height = 0, width = 0;  // of the latents
  int64_t tokens = 0;             // of the text
  bool rescaled = false;
  bool operator==(const StepShape&) const = default;
};

/// The network that a recording calls; it must outlive it.
struct Denoiser {
  const networks::UNet& unet;
  const kernels::Ops& ops;
  at::ScalarType dtype;
  at::MemoryFormat format;
};

/// What a run brings, on the device.
struct StepInput {
  const networks::PreparedText& text;
  const networks::PreparedTimes& times;  // a row for each step
  const sampling::StepTable& table;
  double guidance, rescale;
};

/// Recording does a few steps.
constexpr int64_t kFewestRecordedSteps = 8;

class RecordedStep {
 public:
  /// For runs of up to `steps` steps of this shape; `like` gives the shapes of what runs bring.
  RecordedStep(const Denoiser& denoiser, const StepShape& shape, const StepInput& like,
               int64_t steps, const std::shared_ptr<GraphMemory>& memory);
  RecordedStep(const RecordedStep&) = delete;
  RecordedStep& operator=(const RecordedStep&) = delete;

  /// Whether a run of so many steps fits.
  bool holds(const StepShape& shape, int64_t steps) const;

  /// Puts the numbers of a run in: its latents [B, C, H, W] as they are before step `next`. Who
  /// was in before is told first, and can take its latents out. Nothing makes the host wait.
  void load(const void* user, const StepInput& input, const Tensor& latents, int64_t next,
            std::function<void()> when_replaced);
  bool is_loaded_by(const void* user) const { return user_ == user; }
  /// Forgets the user, who is not told.
  void unload(const void* user);

  /// The next step; on a GPU it is enqueued. `stop` is polled where the CPU computes.
  void replay(const StopFlag& stop);

  /// A copy of the user's latents as they are after the last replay.
  Tensor latents() const { return state_.latents.clone(); }
  /// [count] bool: whether the latents were finite after each of the first steps.
  Tensor finite(int64_t count) const { return state_.finite.narrow(0, 0, count).clone(); }
  /// Where its numbers lie, as replays leave them.
  const kernels::StepState& state() const { return state_; }
  /// A copy of what the network said at the last replay.
  Tensor prediction() const { return prediction_.clone(); }

 private:
  void hold_inputs(const StepInput& like, int64_t steps);
  void put_in(const networks::PreparedText& text);
  void start_at(int64_t next);
  void work();

  Denoiser denoiser_;
  StepShape shape_;
  at::Device device_;
  kernels::StepState state_;
  Tensor input_;     // what the network reads
  Tensor time_row_;  // of this step, in one piece
  networks::PreparedText text_;
  networks::PreparedTimes times_;  // views of time_row_
  Tensor prediction_;
  const StopFlag* stop_ = &StopFlag::never();
  const void* user_ = nullptr;
  std::function<void()> when_replaced_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace allaprima::runtime
