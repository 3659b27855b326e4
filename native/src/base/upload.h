// Tensors of files to a GPU: through pinned buffers and a stream for copies alone, so that the disk
// is read while the buffer before is copied; conversion happens where the numbers go.
#pragma once

#include <c10/core/Event.h>

#include <array>
#include <optional>

#include "base/torch.h"

namespace allaprima {

class Upload {
 public:
  /// Bytes of each of the two buffers.
  static constexpr int64_t kBufferBytes = 32 << 20;

  explicit Upload(at::Device device);

  /// `x` on the CPU, contiguous, to the device as `dtype`. When this returns `x` is read and may
  /// go; the copy may still be under way, and this thread's later work on the device waits for it.
  Tensor operator()(const Tensor& x, at::ScalarType dtype);

 private:
  struct Buffer {
    Tensor bytes;                    // pinned
    std::optional<c10::Event> sent;  // when it can be filled again
  };

  void send(const char* from, const Tensor& to);

  at::Device device_;
  c10::Stream copies_;
  std::array<Buffer, 2> buffers_;
  size_t next_ = 0;
};

}  // namespace allaprima
