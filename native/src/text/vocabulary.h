// The tokens of a tokenizer and their ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace allaprima {

struct VocabularyEntry {
  std::string token;
  int64_t id;
};

/// Ids are 0 … size()-1 without holes.
class Vocabulary {
 public:
  /// The entries in any order; file is what the kInvalidModel errors name.
  Vocabulary(std::vector<VocabularyEntry> entries, const std::string& file);

  std::optional<int32_t> find(std::string_view token) const;
  const std::string& token(int64_t id) const { return tokens_[static_cast<size_t>(id)]; }
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }

  /// The token's id, a new one at the end when it has none.
  int32_t find_or_add(const std::string& token);

 private:
  /// Of the hash table: compact, as loading looks up 150,000 tokens.
  struct Slot {
    uint32_t hash;
    int32_t id;  // kFree in an empty one
  };
  static constexpr int32_t kFree = -1;

  /// Where the token is or would go.
  size_t slot_of(std::string_view token, uint32_t hash) const;
  /// False when the token of this id is there already.
  bool index(int32_t id);
  void grow();

  std::vector<std::string> tokens_;  // by id
  std::vector<Slot> slots_;          // a power of two of them, at most half in use
};

/// The start of a text from a file, safe to show in a message.
std::string excerpt(std::string_view text);

}  // namespace allaprima
