// A prompt's text, made plain and cut into words.
#include "text/prompt_words.h"

#include <algorithm>
#include <array>

#include "text/unicode.h"

namespace allaprima {

namespace {

using Text = std::u32string_view;

constexpr std::array<Text, 2> kSpelledTokens = {U"<|startoftext|>", U"<|endoftext|>"};
constexpr std::array<Text, 7> kContractions = {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};

bool is_sign(char32_t c) {
  return !unicode::is_space(c) && !unicode::is_letter(c) && !unicode::is_number(c);
}

template <class Choices>
size_t length_of_first(const Choices& choices, Text text) {
  for (const Text choice : choices) {
    if (text.starts_with(choice)) return choice.size();
  }
  return 0;
}

size_t run_of(bool (*belongs)(char32_t), Text text) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), belongs) - text.begin());
}

/// Of the word that text, which starts with no white space, starts with.
size_t word_length(Text text) {
  if (const size_t length = length_of_first(kContractions, text)) return length;
  if (const size_t length = run_of(unicode::is_letter, text)) return length;
  if (unicode::is_number(text.front())) return 1;
  return run_of(is_sign, text);
}

}  // namespace

std::u32string plain_text(std::u32string_view text) {
  std::u32string spaced;
  bool after_space = false;
  for (const char32_t c : unicode::nfc(text)) {
    const bool space = unicode::is_space(c);
    if (!space || !after_space) spaced.push_back(space ? U' ' : c);
    after_space = space;
  }
  return unicode::to_lower(spaced);
}

std::vector<std::u32string_view> split_words(std::u32string_view text) {
  std::vector<Text> words;
  const auto take = [&](size_t length) {
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  };
  while (!text.empty()) {
    if (unicode::is_space(text.front())) {
      text.remove_prefix(1);
    } else if (const size_t spelled = length_of_first(kSpelledTokens, text)) {
      // CLIP's pattern keeps it whole, the byte-level one after it cuts it: <| startoftext |>
      take(2);
      take(spelled - 4);
      take(2);
    } else {
      take(word_length(text));
    }
  }
  return words;
}

}  // namespace allaprima
