// What a message must hold.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace allaprima {

inline void expect_says(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    EXPECT_NE(text.find(word), std::string::npos) << "'" << word << "' is not in: " << text;
  }
}

}  // namespace allaprima
