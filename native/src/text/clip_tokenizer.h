// Turns a prompt into the token ids that CLIP's text encoders read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/byte_pair_encoding.h"
#include "text/tokenizer_files.h"
#include "text/vocabulary.h"

namespace allaprima {

struct TokenizedPrompt {
  std::vector<int64_t> ids;          // length() of them
  std::vector<std::string> dropped;  // the words beyond the limit, as the tokenizer spells them
};

/// Gives the ids of transformers 5's CLIPTokenizer. Immutable: may be used from any thread.
class ClipTokenizer {
 public:
  /// Of a checkpoint's `tokenizer` or `tokenizer_2` folder, for a text encoder with this many
  /// positions. Throws kInvalidModel.
  static ClipTokenizer load(const std::filesystem::path& folder, int64_t positions = 77);

  explicit ClipTokenizer(TokenizerParts parts);

  /// Begin, tokens, end, padding; of a long prompt the first length() - 2 tokens.
  /// Throws kInvalidArgument with the byte's offset when the prompt is not UTF-8.
  TokenizedPrompt encode(std::string_view prompt) const;

  int64_t length() const { return length_; }

  /// Every id is below this: the rows that a text encoder's table must have.
  int64_t vocabulary_size() const { return vocabulary_.size(); }

 private:
  std::vector<int64_t> tokens_of(std::string_view prompt) const;
  void append_text(std::u32string_view text, std::vector<int64_t>& ids) const;
  std::vector<std::string> words_of(const std::vector<int64_t>& ids, size_t first) const;

  Vocabulary vocabulary_;
  BytePairEncoding encoding_;
  TokenCutter as_written_;
  TokenCutter in_plain_text_;
  int32_t begin_, end_, pad_;
  int64_t length_;
};

}  // namespace allaprima
