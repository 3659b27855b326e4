// A prompt's text, made plain and cut into the words that byte-pair encoding works on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace allaprima {

/// NFC, each run of white space as one space, lower case.
std::u32string plain_text(std::u32string_view text);

/// Letters by the run, numbers one by one, other signs by the run, English contractions (`'s`);
/// white space separates. The views are into text, which must be plain.
std::vector<std::u32string_view> split_words(std::u32string_view text);

}  // namespace allaprima
