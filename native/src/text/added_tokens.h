// Tokens that a prompt may spell out: they are cut from the text before it is split into words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace allaprima {

struct AddedToken {
  std::string content;  // UTF-8
  bool normalized;      // found in the plain text (any case), else in the prompt as written
  int32_t id;
};

/// A part of a text: a token of this id, or text between tokens.
struct Piece {
  std::u32string_view text;
  std::optional<int32_t> id;
};

/// Cuts tokens from text: the leftmost first, of several at one place the longest.
class TokenCutter {
 public:
  /// Throws kInvalidModel for two tokens of the same text.
  void add(std::u32string text, int32_t id);

  /// The pieces cover text and view into it.
  std::vector<Piece> cut(std::u32string_view text) const;

 private:
  struct Pattern {
    std::u32string text;
    int32_t id;
  };
  const Pattern* longest_at_start(std::u32string_view text) const;

  std::vector<Pattern> patterns_;  // longest first
};

}  // namespace allaprima
