// Which libtorch fits the one that we were built for.
#include "base/libtorch_version.h"

#include <gtest/gtest.h>

#include "../expect_says.h"
#include "base/error.h"

namespace allaprima {
namespace {

TEST(LibtorchVersionTest, is_read_from_the_library_that_was_loaded) {
  EXPECT_EQ(loaded_libtorch_version().substr(0, 2), "2.");
  EXPECT_NO_THROW(check_libtorch_version());
}

TEST(LibtorchVersionTest, another_patch_version_fits) {
  EXPECT_NO_THROW(check_libtorch_fits("2.13.0", "2.13.1"));
  EXPECT_NO_THROW(check_libtorch_fits("2.13.0", "unknown"));
}

TEST(LibtorchVersionTest, another_minor_version_is_refused_with_both_named) {
  for (const std::string other : {"2.12.1", "2.1.3", "2.130.0", "3.13.0"}) {
    try {
      check_libtorch_fits("2.13.0", other);
      FAIL() << other << " was taken";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::kUnavailable);
      expect_says(e.what(), {"libtorch " + other + " was loaded", "built for 2.13.0"});
    }
  }
}

}  // namespace
}  // namespace allaprima
