// GPT-2's alphabet: a printable character for each byte, so that a vocabulary can be text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace allaprima {

/// The byte's character, as UTF-8.
std::string byte_symbol(uint8_t byte);

/// The bytes a token stands for; the token itself when it is not written in the alphabet.
std::string bytes_of_token(std::string_view token);

}  // namespace allaprima
