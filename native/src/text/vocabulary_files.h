// Reads `vocab.json` and `merges.txt`.
#pragma once

#include <filesystem>
#include <vector>

#include "text/byte_pair_encoding.h"
#include "text/vocabulary.h"

namespace allaprima {

/// An object of token to id. Throws kInvalidModel.
Vocabulary read_vocabulary(const std::filesystem::path& path);

/// A pair of tokens a line, best first; lines that start with `#version` are passed over.
/// Throws kInvalidModel.
std::vector<MergeRule> read_merges(const std::filesystem::path& path, const Vocabulary& vocabulary);

}  // namespace allaprima
