// What a compiled pipeline has recorded: steps and decodes, one for each of the last shapes.
#pragma once

#include <array>

#include "runtime/recently_used.h"
#include "runtime/recorded_call.h"
#include "runtime/recorded_step.h"

namespace allaprima::runtime {

class Recordings {
 public:
  /// Shapes that are kept; a service rarely has more, and each holds the driver's graph.
  static constexpr size_t kShapes = 4;

  explicit Recordings(at::Device device, size_t shapes = kShapes);

  /// The step for this shape, recorded when it is not there or holds fewer steps. It stays usable
  /// for who holds it, also after others took its place.
  std::shared_ptr<RecordedStep> step(const Denoiser& denoiser, const StepShape& shape,
                                     const StepInput& like);
  /// The decode of latents like these.
  std::shared_ptr<RecordedCall> decode(const Tensor& latents, const RecordedCall::Function& decode);
  /// A text encoder's run over ids like these.
  std::shared_ptr<RecordedCall> encode(const Tensor& ids, int64_t encoder, int64_t clip_skip,
                                       const RecordedCall::Function& encode);

  /// So far, of any kind.
  int64_t recorded() const { return recorded_; }
  /// Of the device, that recordings hold for their replays.
  int64_t bytes() const { return memory_->bytes(); }

 private:
  template <class Make>
  auto with_room(Make make) -> decltype(make());

  at::Device device_;
  std::shared_ptr<GraphMemory> memory_;
  RecentlyUsed<StepShape, std::shared_ptr<RecordedStep>> steps_;
  RecentlyUsed<std::vector<int64_t>, std::shared_ptr<RecordedCall>> decodes_;
  RecentlyUsed<std::array<int64_t, 3>, std::shared_ptr<RecordedCall>> encodes_;
  int64_t recorded_ = 0;
};

}  // namespace allaprima::runtime
