#include "runtime/recordings.h"

#include <bit>

namespace allaprima::runtime {

namespace {

/// A recording holds a table of this many rows; few runs need more. A row of SDXL is 27 kB in bf16
/// for each of the network's rows.
constexpr int64_t kFewestSteps = 64;

/// Both encoders, with and without clip_skip, for prompts and negative ones.
constexpr size_t kEncodes = 8;

int64_t rows_for(int64_t steps) {
  const auto rounded = std::bit_ceil(static_cast<uint64_t>(steps));
  return std::max(kFewestSteps, static_cast<int64_t>(rounded));
}

}  // namespace

Recordings::Recordings(at::Device device, size_t shapes)
    : device_(device),
      memory_(std::make_shared<GraphMemory>(device)),
      steps_(shapes),
      decodes_(shapes),
      encodes_(kEncodes) {}

/// Where memory runs out, what was recorded before makes room.
template <class Make>
auto Recordings::with_room(Make make) -> decltype(make()) {
  try {
    auto made = make();
    ++recorded_;
    return made;
  } catch (const c10::OutOfMemoryError&) {
    if (steps_.size() + decodes_.size() + encodes_.size() == 0) throw;
  }
  steps_.clear();
  decodes_.clear();
  encodes_.clear();
  memory_ = std::make_shared<GraphMemory>(device_);
  release_unused_memory(device_);
  auto made = make();
  ++recorded_;
  return made;
}

std::shared_ptr<RecordedStep> Recordings::step(const Denoiser& denoiser, const StepShape& shape,
                                               const StepInput& like) {
  const auto steps = static_cast<int64_t>(like.table.rows.size());
  const auto fits = [&](const StepShape&, const std::shared_ptr<RecordedStep>& held) {
    return held->holds(shape, steps);
  };
  if (auto* found = steps_.find_if(fits)) return *found;
  steps_.erase(shape);  // it holds too few
  steps_.make_room();
  return steps_.insert(shape, with_room([&] {
                         return std::make_shared<RecordedStep>(denoiser, shape, like,
                                                               rows_for(steps), memory_);
                       }));
}

std::shared_ptr<RecordedCall> Recordings::decode(const Tensor& latents,
                                                 const RecordedCall::Function& decode) {
  if (auto* found = decodes_.find(latents.sizes().vec())) return *found;
  decodes_.make_room();
  return decodes_.insert(latents.sizes().vec(), with_room([&] {
                           return std::make_shared<RecordedCall>(latents, decode, memory_);
                         }));
}

std::shared_ptr<RecordedCall> Recordings::encode(const Tensor& ids, int64_t encoder,
                                                 int64_t clip_skip,
                                                 const RecordedCall::Function& encode) {
  const std::array<int64_t, 3> key{encoder, clip_skip, ids.size(1)};
  if (auto* found = encodes_.find(key)) return *found;
  return encodes_.insert(
      key, with_room([&] { return std::make_shared<RecordedCall>(ids, encode, memory_); }));
}

}  // namespace allaprima::runtime
