// Tokens that a prompt may spell out.
#include "text/added_tokens.h"

#include <algorithm>

#include "base/error.h"
#include "text/utf8.h"

namespace allaprima {

void TokenCutter::add(std::u32string text, int32_t id) {
  const auto same = [&](const Pattern& other) { return other.text == text; };
  check(std::none_of(patterns_.begin(), patterns_.end(), same), Code::kInvalidModel,
        "two added tokens of the tokenizer match the same text '", unicode::encode_utf8(text), "'");
  const auto shorter = [&](const Pattern& other) { return other.text.size() < text.size(); };
  const auto at = std::find_if(patterns_.begin(), patterns_.end(), shorter);
  patterns_.insert(at, Pattern{std::move(text), id});
}

std::vector<Piece> TokenCutter::cut(std::u32string_view text) const {
  std::vector<Piece> pieces;
  size_t start = 0;
  size_t at = 0;
  const auto end_text = [&] {
    if (start < at) pieces.push_back({text.substr(start, at - start), std::nullopt});
  };
  while (at < text.size()) {
    const Pattern* token = longest_at_start(text.substr(at));
    if (!token) {
      ++at;
      continue;
    }
    end_text();
    pieces.push_back({text.substr(at, token->text.size()), token->id});
    at += token->text.size();
    start = at;
  }
  end_text();
  return pieces;
}

const TokenCutter::Pattern* TokenCutter::longest_at_start(std::u32string_view text) const {
  const auto matches = [&](const Pattern& pattern) { return text.starts_with(pattern.text); };
  const auto at = std::find_if(patterns_.begin(), patterns_.end(), matches);
  return at == patterns_.end() ? nullptr : &*at;
}

}  // namespace allaprima
