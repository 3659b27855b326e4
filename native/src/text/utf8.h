// UTF-8 in and out.
#pragma once

#include <string>
#include <string_view>

namespace allaprima::unicode {

/// Throws kInvalidArgument with the offset of the first byte that is not UTF-8.
std::u32string decode_utf8(std::string_view text);

std::string encode_utf8(std::u32string_view text);

/// The text with U+FFFD for each maximal part of it that is not UTF-8.
std::string repair_utf8(std::string_view text);

}  // namespace allaprima::unicode
