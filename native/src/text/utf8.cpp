// UTF-8 in and out.
#include "text/utf8.h"

#include <cstdint>

#include "base/error.h"

namespace allaprima::unicode {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t character;
  size_t bytes;  // for what is not UTF-8: the length of its maximal part
  bool valid;
};

/// Of the lead byte; the second byte's range is what excludes overlong forms and surrogates.
struct Sequence {
  size_t bytes;
  uint8_t second_low, second_high;
};

Sequence sequence_of(uint8_t lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
  if (lead >= 0xE0 && lead <= 0xEF) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
    return {3, low, high};
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
    return {4, low, high};
  }
  return {1, 0, 0};
}

Decoded decode_first(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const Sequence sequence = sequence_of(lead);
  if (sequence.bytes == 1) return {kReplacement, 1, false};
  char32_t c = lead & (0x7Fu >> sequence.bytes);
  for (size_t i = 1; i < sequence.bytes; ++i) {
    const uint8_t low = i == 1 ? sequence.second_low : 0x80;
    const uint8_t high = i == 1 ? sequence.second_high : 0xBF;
    if (i == text.size() || byte(i) < low || byte(i) > high) return {kReplacement, i, false};
    c = c << 6 | (byte(i) & 0x3Fu);
  }
  return {c, sequence.bytes, true};
}

void append_utf8(std::string& out, char32_t c) {
  const auto add = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto continuation = [&](int shift) { add(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | c >> 6);
    continuation(0);
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12);
    continuation(6);
    continuation(0);
  } else {
    add(0xF0 | c >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Decoded next = decode_first(text.substr(at));
    check(next.valid, Code::kInvalidArgument, "the text is not UTF-8 at byte ", at);
    out.push_back(next.character);
    at += next.bytes;
  }
  return out;
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

std::string repair_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Decoded next = decode_first(text.substr(at));
    append_utf8(out, next.character);
    at += next.bytes;
  }
  return out;
}

}  // namespace allaprima::unicode
