#include "base/cuda_obstacle.h"

#include <gtest/gtest.h>

#include "../expect_says.h"
#include "base/device.h"
#include "base/error.h"

namespace allaprima {
namespace {

const char kNoFile[] = "libcuda.so.1: cannot open shared object file: No such file or directory";

TEST(CudaObstacle, is_nothing_when_nothing_was_found) {
  EXPECT_EQ(obstacle({.libtorch_has_cuda = true, .driver_error = "", .runtime_error = ""}), "");
}

TEST(CudaObstacle, is_a_libtorch_without_cuda_first_of_all) {
  EXPECT_EQ(obstacle({.libtorch_has_cuda = false, .driver_error = kNoFile, .runtime_error = ""}),
            "this libtorch was built without CUDA");
}

TEST(CudaObstacle, is_a_driver_that_is_not_there_with_what_the_system_said) {
  EXPECT_EQ(obstacle({.libtorch_has_cuda = true, .driver_error = kNoFile, .runtime_error = "x"}),
            "the NVIDIA driver's library does not load (" + std::string(kNoFile) +
                "): install the driver, or give this container access to it");
}

TEST(CudaObstacle, is_a_driver_that_is_too_old_in_libtorchs_words) {
  const std::string old = "The NVIDIA driver on your system is too old (found version 12040).";
  EXPECT_EQ(obstacle({.libtorch_has_cuda = true,
                      .driver_error = "",
                      .runtime_error = old + "\nException raised from device_count_impl"}),
            "the NVIDIA driver's library loads, but CUDA does not start: " + old);
}

TEST(CudaObstacle, that_was_found_here_is_the_reason_for_a_cpu_and_the_error_for_cuda) {
  const std::string found = why_no_cuda();
  if (found.empty()) GTEST_SKIP() << "a CUDA device is there";
  const Placement chosen = choose_placement(DeviceChoice::kAuto, 0, PrecisionChoice::kFp32);
  EXPECT_TRUE(chosen.device.is_cpu());
  EXPECT_EQ(chosen.device_reason, found);
  try {
    choose_placement(DeviceChoice::kCuda, 0, PrecisionChoice::kFp32);
    FAIL() << "cuda was chosen";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnavailable);
    expect_says(error.what(), {"device cuda:0 was asked for, but " + found});
  }
}

}  // namespace
}  // namespace allaprima
