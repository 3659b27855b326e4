// Keeps the host at most two steps ahead of a device that works on its own.
#pragma once

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <optional>

namespace allaprima::runtime {

class StepFence {
 public:
  explicit StepFence(c10::Device device) : device_(device) {}

  /// After the work of a step was enqueued: waits for the step before it. Nothing on a CPU.
  void after_step() {
    if (device_.is_cpu()) return;
    std::optional<c10::Event> before = std::move(last_);
    last_.emplace(device_.type());
    last_->record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
    if (before) before->synchronize();
  }

 private:
  c10::Device device_;
  std::optional<c10::Event> last_;
};

}  // namespace allaprima::runtime
