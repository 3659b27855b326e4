#include "base/upload.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstring>

#include "base/device_stream.h"

namespace allaprima {

namespace {

c10::Event recorded(const c10::Stream& stream) {
  c10::Event event(stream.device_type());
  event.record(stream);
  return event;
}

}  // namespace

Upload::Upload(at::Device device)
    : device_(device),
      copies_(c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device)) {
  for (Buffer& buffer : buffers_) buffer.bytes = host_empty({kBufferBytes}, at::kByte, device);
}

void Upload::send(const char* from, const Tensor& to) {
  for (int64_t begin = 0; begin < to.numel(); begin += kBufferBytes) {
    const int64_t count = std::min(kBufferBytes, to.numel() - begin);
    Buffer& buffer = buffers_[next_];
    next_ = (next_ + 1) % buffers_.size();
    if (buffer.sent) buffer.sent->synchronize();
    std::memcpy(buffer.bytes.data_ptr(), from + begin, static_cast<size_t>(count));
    to.narrow(0, begin, count).copy_(buffer.bytes.narrow(0, 0, count), /*non_blocking=*/true);
    buffer.sent.emplace(recorded(copies_));
  }
}

Tensor Upload::operator()(const Tensor& x, at::ScalarType dtype) {
  const c10::impl::VirtualGuardImpl guard(device_.type());
  const c10::Stream work = guard.getStream(device_);
  const Tensor there = at::empty(x.sizes(), x.options().device(device_));
  {
    // What lay in this memory before may still be in use by work that was enqueued.
    recorded(work).block(copies_);
    const c10::StreamGuard to_copies(copies_);
    send(static_cast<const char*>(x.const_data_ptr()), there.view(-1).view(at::kByte));
  }
  recorded(copies_).block(work);
  return there.to(dtype);
}

}  // namespace allaprima
