// Reads `tokenizer.json`, in which the `tokenizers` library keeps a whole tokenizer.
#pragma once

#include <filesystem>
#include <vector>

#include "base/json_file.h"
#include "text/byte_pair_encoding.h"
#include "text/vocabulary.h"

namespace allaprima {

/// What transformers 5 takes from the file: the rest of a CLIP tokenizer is fixed.
struct OneFileTokenizer {
  Vocabulary vocabulary;
  std::vector<MergeRule> merges;
  Json rest;  // the file without these two: `added_tokens`, `padding`, `truncation`, …
};

/// Merges as pairs of tokens or as texts with a space between them. Throws kInvalidModel.
OneFileTokenizer read_one_file_tokenizer(const std::filesystem::path& path);

}  // namespace allaprima
