// Where we run and in which precision: the choice of the user, or the best that is here, with the
// reason in words.
#pragma once

#include <string>

#include "base/torch.h"

namespace allaprima {

/// Values equal ALLAPRIMA_DEVICE_… and ALLAPRIMA_PRECISION_… in allaprima.h.
enum class DeviceChoice : int32_t { kAuto = 0, kCpu = 1, kCuda = 2 };
enum class PrecisionChoice : int32_t { kAuto = 0, kFp32 = 1, kBf16 = 2, kFp16 = 3 };

struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  std::string device_reason;
  std::string precision_reason;
};

/// Throws kUnavailable when CUDA was asked for and is not there, with the reason.
Placement choose_placement(DeviceChoice device, int index, PrecisionChoice precision);

/// Empty when a CUDA device can be used, else why not.
std::string why_no_cuda();

/// Whether this CPU multiplies float16 itself (AVX-512 FP16).
bool cpu_has_native_fp16();

/// Whether this CPU multiplies bfloat16 itself (AVX-512 BF16).
bool cpu_has_native_bf16();

/// Waits until the device has done all it was given; to be called before time is read.
void wait_for(at::Device device);

std::string device_name(at::Device device);
std::string precision_name(at::ScalarType dtype);

}  // namespace allaprima
