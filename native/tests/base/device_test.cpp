#include "base/device.h"

#include <gtest/gtest.h>

namespace allaprima {
namespace {

std::string reason(PrecisionChoice precision) {
  return choose_placement(DeviceChoice::kCpu, 0, precision).precision_reason;
}

TEST(Device, says_where_fp16_is_not_native) {
  const std::string found = reason(PrecisionChoice::kFp16);
  EXPECT_EQ(found.find("no native float16") == std::string::npos, cpu_has_native_fp16()) << found;
  EXPECT_EQ(reason(PrecisionChoice::kBf16), "asked for");
}

}  // namespace
}  // namespace allaprima
