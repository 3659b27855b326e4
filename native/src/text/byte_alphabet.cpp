// GPT-2's alphabet: a printable character for each byte.
#include "text/byte_alphabet.h"

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace allaprima {

namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<char32_t, 256> kAlphabet = [] {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const auto i = static_cast<size_t>(byte);
    alphabet[i] = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
  }
  return alphabet;
}();

}  // namespace

std::string byte_symbol(uint8_t byte) {
  return unicode::encode_utf8(std::u32string_view(&kAlphabet[byte], 1));
}

std::string bytes_of_token(std::string_view token) {
  std::string bytes;
  for (const char32_t c : unicode::decode_utf8(token)) {
    const auto at = std::find(kAlphabet.begin(), kAlphabet.end(), c);
    if (at == kAlphabet.end()) return std::string(token);
    bytes.push_back(static_cast<char>(at - kAlphabet.begin()));
  }
  return bytes;
}

}  // namespace allaprima
