// Reads what a CLIP tokenizer needs from the files of its folder in a checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "text/added_tokens.h"
#include "text/byte_pair_encoding.h"
#include "text/vocabulary.h"

namespace allaprima {

/// Knows nothing of files: another format of tokenizer would fill in the same.
struct TokenizerParts {
  Vocabulary vocabulary;
  ByteTokens bytes;
  std::vector<MergeRule> merges;
  std::vector<AddedToken> added_tokens;
  int32_t begin, end, pad;
  int64_t length;
};

/// From `tokenizer.json`, which transformers takes where it is there, else from `vocab.json` and
/// `merges.txt`; and, where present, `tokenizer_config.json`, `special_tokens_map.json` and
/// `added_tokens.json`. A prompt has as many tokens as `model_max_length` says, or `positions`, of
/// the text encoder, where it says nothing or means no limit. Throws kInvalidModel.
TokenizerParts read_tokenizer_folder(const std::filesystem::path& folder, int64_t positions);

}  // namespace allaprima
