#include "base/device.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <cpuid.h>

#include "base/cuda_obstacle.h"
#include "base/error.h"

namespace allaprima {

std::string why_no_cuda() { return at::hasCUDA() ? "" : obstacle(find_cuda()); }

bool cpu_has_native_fp16() {  // older compilers' __builtin_cpu_supports do not know the name
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx >> 23 & 1) != 0 &&
         __builtin_cpu_supports("avx512f");
}

bool cpu_has_native_bf16() { return __builtin_cpu_supports("avx512bf16") != 0; }

namespace {

void choose_device(DeviceChoice choice, int index, Placement& placement) {
  if (choice == DeviceChoice::kCpu) {
    placement.device_reason = "asked for";
    return;
  }
  const std::string obstacle = why_no_cuda();
  if (!obstacle.empty()) {
    check(choice == DeviceChoice::kAuto, Code::kUnavailable, "device cuda:", index,
          " was asked for, but ", obstacle, "; use device auto or cpu to run without it");
    placement.device_reason = obstacle;
    return;
  }
  const int count = at::detail::getCUDAHooks().deviceCount();
  check(index >= 0 && index < count, Code::kUnavailable, "there is no device cuda:", index,
        ": this machine has ", count, " CUDA device(s), numbered from 0");
  placement.device = at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
  placement.device_reason = choice == DeviceChoice::kCuda ? "asked for" : "a CUDA device is there";
}

void choose_precision(PrecisionChoice choice, Placement& placement) {
  if (choice != PrecisionChoice::kAuto) {
    placement.dtype = choice == PrecisionChoice::kBf16   ? at::kBFloat16
                      : choice == PrecisionChoice::kFp16 ? at::kHalf
                                                         : at::kFloat;
    placement.precision_reason = "asked for";
    if (placement.dtype == at::kHalf && placement.device.is_cpu() && !cpu_has_native_fp16()) {
      placement.precision_reason +=
          ", though this CPU has no native float16: expect it to be slower than fp32";
    }
  } else if (placement.device.is_cpu() && !cpu_has_native_bf16()) {
    placement.dtype = at::kFloat;
    placement.precision_reason = "this CPU has no native bfloat16";
  } else {
    placement.dtype = at::kBFloat16;
    placement.precision_reason =
        placement.device.is_cpu() ? "this CPU has native bfloat16" : "the default on CUDA";
  }
}

}  // namespace

Placement choose_placement(DeviceChoice device, int index, PrecisionChoice precision) {
  Placement placement;
  choose_device(device, index, placement);
  choose_precision(precision, placement);
  return placement;
}

std::string device_name(at::Device device) { return device.str(); }

std::string precision_name(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "fp32";
    case at::kBFloat16:
      return "bf16";
    case at::kHalf:
      return "fp16";
    default:
      return at::toString(dtype);
  }
}

}  // namespace allaprima
