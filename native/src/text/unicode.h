// Characters and text as the tokenizer of CLIP sees them: NFC, lower case, classes.
//
// Every answer is the `tokenizers` library's (see unicode_tables.h), not that of the newest
// Unicode.
#pragma once

#include <string>
#include <string_view>

namespace allaprima::unicode {

/// Canonical composition (Unicode Standard Annex 15).
std::u32string nfc(std::u32string_view text);

/// Character by character: a capital sigma at the end of a word becomes σ too, not ς.
std::u32string to_lower(std::u32string_view text);

bool is_letter(char32_t c);
bool is_number(char32_t c);
bool is_space(char32_t c);

}  // namespace allaprima::unicode
