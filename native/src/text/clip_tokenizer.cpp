// Turns a prompt into the token ids that CLIP's text encoders read.
#include "text/clip_tokenizer.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

#include "text/byte_alphabet.h"
#include "text/prompt_words.h"
#include "text/utf8.h"

namespace allaprima {

namespace {

constexpr std::string_view kEndOfWord = "</w>";

}  // namespace

ClipTokenizer ClipTokenizer::load(const std::filesystem::path& folder, int64_t positions) {
  return ClipTokenizer(read_tokenizer_folder(folder, positions));
}

ClipTokenizer::ClipTokenizer(TokenizerParts parts)
    : vocabulary_(std::move(parts.vocabulary)),
      encoding_(parts.bytes, parts.merges),
      begin_(parts.begin),
      end_(parts.end),
      pad_(parts.pad),
      length_(parts.length) {
  for (const AddedToken& token : parts.added_tokens) {
    const std::u32string text = unicode::decode_utf8(token.content);
    if (token.normalized) {
      in_plain_text_.add(plain_text(text), token.id);
    } else {
      as_written_.add(text, token.id);
    }
  }
}

TokenizedPrompt ClipTokenizer::encode(std::string_view prompt) const {
  const std::vector<int64_t> tokens = tokens_of(prompt);
  const auto length = static_cast<size_t>(length_);
  const size_t kept = std::min(tokens.size(), length - 2);
  TokenizedPrompt result;
  result.ids.reserve(length);
  result.ids.push_back(begin_);
  result.ids.insert(result.ids.end(), tokens.begin(),
                    tokens.begin() + static_cast<ptrdiff_t>(kept));
  result.ids.push_back(end_);
  result.ids.resize(length, pad_);
  result.dropped = words_of(tokens, kept);
  return result;
}

// Added tokens come out of the prompt as written first, then out of the plain text of what is left:
// so NFC and lower-casing never see across a token of the first kind.
std::vector<int64_t> ClipTokenizer::tokens_of(std::string_view prompt) const {
  const std::u32string text = unicode::decode_utf8(prompt);
  std::vector<int64_t> ids;
  for (const Piece& piece : as_written_.cut(text)) {
    if (piece.id) {
      ids.push_back(*piece.id);
    } else {
      append_text(plain_text(piece.text), ids);
    }
  }
  return ids;
}

void ClipTokenizer::append_text(std::u32string_view text, std::vector<int64_t>& ids) const {
  for (const Piece& piece : in_plain_text_.cut(text)) {
    if (piece.id) {
      ids.push_back(*piece.id);
      continue;
    }
    for (const std::u32string_view word : split_words(piece.text)) {
      encoding_.encode(unicode::encode_utf8(word), ids);
    }
  }
}

std::vector<std::string> ClipTokenizer::words_of(const std::vector<int64_t>& ids,
                                                 size_t first) const {
  std::string bytes;
  for (size_t i = first; i < ids.size(); ++i) bytes += bytes_of_token(vocabulary_.token(ids[i]));
  const std::string text = unicode::repair_utf8(bytes);
  std::string spaced;
  size_t at = 0;
  for (size_t end; (end = text.find(kEndOfWord, at)) != std::string::npos;) {
    spaced.append(text, at, end - at) += ' ';
    at = end + kEndOfWord.size();
  }
  std::istringstream words(spaced.append(text, at));
  return {std::istream_iterator<std::string>(words), {}};
}

}  // namespace allaprima
