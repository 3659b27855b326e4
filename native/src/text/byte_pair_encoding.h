// Byte-pair encoding: the bytes of one word to token ids by ranked merges.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/vocabulary.h"

namespace allaprima {

/// The two neighbours left and right become merged.
struct MergeRule {
  int32_t left, right, merged;
};

/// The token each byte starts as; CLIP marks a word's last byte (`a</w>`).
struct ByteTokens {
  std::array<int32_t, 256> inside, last;

  /// unknown stands in for bytes without a token; file is what the kInvalidModel error names.
  static ByteTokens of(const Vocabulary& vocabulary, std::optional<int32_t> unknown,
                       const std::string& file);
};

class BytePairEncoding {
 public:
  /// rules: best first; of two for one pair the later counts.
  BytePairEncoding(const ByteTokens& bytes, const std::vector<MergeRule>& rules);

  /// Adds the ids of the word (UTF-8, as it was written) to ids.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  struct Ranked {
    uint32_t rank;
    int32_t merged;
  };
  struct Merge;
  struct Symbol;
  using Symbols = std::vector<Symbol>;

  const Ranked* find(int32_t left, int32_t right) const;
  Symbols symbols_of(std::string_view word) const;
  void merge_all(Symbols& symbols) const;

  ByteTokens bytes_;
  std::unordered_map<uint64_t, Ranked> rules_;  // by the pair's ids
};

}  // namespace allaprima
