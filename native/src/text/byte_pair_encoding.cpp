// Byte-pair encoding: the bytes of one word to token ids by ranked merges.
#include "text/byte_pair_encoding.h"

#include <queue>
#include <tuple>

#include "base/error.h"
#include "text/byte_alphabet.h"

namespace allaprima {

namespace {

constexpr const char* kEndOfWord = "</w>";
constexpr size_t kNone = static_cast<size_t>(-1);

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

ByteTokens ByteTokens::of(const Vocabulary& vocabulary, std::optional<int32_t> unknown,
                          const std::string& file) {
  const auto id_of = [&](const std::string& token) {
    const auto id = vocabulary.find(token);
    check(id || unknown, Code::kInvalidModel, file, ": has no token '", token,
          "' for a byte and no unknown token to stand in for it");
    return id ? *id : *unknown;
  };
  ByteTokens tokens;
  for (size_t byte = 0; byte < 256; ++byte) {
    const std::string symbol = byte_symbol(static_cast<uint8_t>(byte));
    tokens.inside[byte] = id_of(symbol);
    tokens.last[byte] = id_of(symbol + kEndOfWord);
  }
  return tokens;
}

/// A link of the word's chain; a merge extends the left one and takes the right one out.
struct BytePairEncoding::Symbol {
  int32_t id;
  size_t previous, next;
  bool alive;
};

/// A merge that was possible when it was queued: the symbol at position with the one after it.
struct BytePairEncoding::Merge {
  uint32_t rank;
  size_t position;
  int32_t merged;

  bool operator<(const Merge& other) const {  // the queue serves the greatest first
    return std::tie(other.rank, other.position) < std::tie(rank, position);
  }
};

BytePairEncoding::BytePairEncoding(const ByteTokens& bytes, const std::vector<MergeRule>& rules)
    : bytes_(bytes) {
  rules_.reserve(rules.size());
  uint32_t rank = 0;
  for (const MergeRule& rule : rules) {
    rules_.insert_or_assign(pair_key(rule.left, rule.right), Ranked{rank++, rule.merged});
  }
}

void BytePairEncoding::encode(std::string_view word, std::vector<int64_t>& ids) const {
  Symbols symbols = symbols_of(word);
  merge_all(symbols);
  for (const Symbol& symbol : symbols) {
    if (symbol.alive) ids.push_back(symbol.id);
  }
}

BytePairEncoding::Symbols BytePairEncoding::symbols_of(std::string_view word) const {
  Symbols symbols;
  symbols.reserve(word.size());
  for (size_t i = 0; i < word.size(); ++i) {
    const bool is_last = i + 1 == word.size();
    const auto byte = static_cast<uint8_t>(word[i]);
    const int32_t id = is_last ? bytes_.last[byte] : bytes_.inside[byte];
    symbols.push_back({id, i == 0 ? kNone : i - 1, is_last ? kNone : i + 1, true});
  }
  return symbols;
}

// A queue instead of repeated scans keeps a very long word at n log n; it takes the same order as
// the `tokenizers` library, which differs from plain scans for rules that are not sorted by use.
void BytePairEncoding::merge_all(Symbols& symbols) const {
  std::priority_queue<Merge> queue;
  const auto offer = [&](size_t position) {
    const size_t next = symbols[position].next;
    if (next == kNone) return;
    const Ranked* rule = find(symbols[position].id, symbols[next].id);
    if (rule) queue.push({rule->rank, position, rule->merged});
  };
  for (size_t i = 0; i < symbols.size(); ++i) offer(i);

  while (!queue.empty()) {
    const Merge best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.position];
    if (!left.alive || left.next == kNone) continue;
    Symbol& right = symbols[left.next];
    const Ranked* rule = find(left.id, right.id);
    if (!rule || rule->merged != best.merged) continue;  // a better merge took one of the two

    left.id = best.merged;
    left.next = right.next;
    right.alive = false;
    if (left.next != kNone) symbols[left.next].previous = best.position;
    if (left.previous != kNone) offer(left.previous);
    offer(best.position);
  }
}

const BytePairEncoding::Ranked* BytePairEncoding::find(int32_t left, int32_t right) const {
  const auto at = rules_.find(pair_key(left, right));
  return at == rules_.end() ? nullptr : &at->second;
}

}  // namespace allaprima
