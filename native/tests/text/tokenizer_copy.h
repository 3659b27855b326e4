// A copy of a tokenizer in a folder of its own, to be damaged by a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "../expect_says.h"
#include "base/error.h"
#include "text/clip_tokenizer.h"

namespace allaprima {

class TokenizerCopyTest : public testing::Test {
 protected:
  /// `tokenizer` is a folder of the test data.
  explicit TokenizerCopyTest(const std::string& tokenizer) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("allaprima_") + test->test_suite_name() + "_" + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(std::filesystem::path(ALLAPRIMA_TEST_DATA) / tokenizer, folder_);
  }
  ~TokenizerCopyTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& file, const std::string& text) const {
    std::ofstream(folder_ / file, std::ios::binary) << text;
  }

  /// The message of the error that loading ends with; all of them are kInvalidModel.
  std::string refusal() const {
    try {
      ClipTokenizer::load(folder_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidModel);
      return error.what();
    }
    return "loaded";
  }

  void expect_refusal(const std::vector<std::string>& parts) const {
    expect_says(refusal(), parts);
  }

  std::filesystem::path folder_;
};

}  // namespace allaprima
