#include "base/device_stream.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <set>

namespace allaprima {

void use_own_stream(at::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl guard(device.type());
  guard.setDevice(device);
  thread_local std::set<c10::DeviceIndex> has_own;
  if (has_own.insert(device.index()).second) {
    guard.exchangeStream(guard.getStreamFromGlobalPool(device));
  }
}

void wait_for(at::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl guard(device.type());
  guard.synchronizeStream(guard.getStream(device));
}

Tensor to_device(const Tensor& x, at::Device device) {
  if (device.is_cpu()) return x;
  // libtorch keeps pinned memory until the copy is done, whoever lets go of it before.
  return x.pin_memory().to(device, /*non_blocking=*/true);
}

Tensor host_empty(at::IntArrayRef shape, at::ScalarType type, at::Device device) {
  return at::empty(shape, at::TensorOptions(type).pinned_memory(!device.is_cpu()));
}

}  // namespace allaprima
