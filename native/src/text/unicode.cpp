// Characters and text as the tokenizer of CLIP sees them.
#include "text/unicode.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "text/unicode_tables.h"

namespace allaprima::unicode {

namespace {

/// The row of sorted, disjoint ranges that holds c, or null.
template <class Row>
const Row* find_range(std::span<const Row> rows, char32_t c) {
  const auto after = std::upper_bound(rows.begin(), rows.end(), c,
                                      [](char32_t x, const Row& row) { return x < row.first; });
  if (after == rows.begin() || c > (after - 1)->last) return nullptr;
  return &*(after - 1);
}

const Decomposition* find_decomposition(std::span<const Decomposition> rows, char32_t c) {
  const auto at = std::lower_bound(rows.begin(), rows.end(), c,
                                   [](const auto& row, char32_t x) { return row.composed < x; });
  return at != rows.end() && at->composed == c ? &*at : nullptr;
}

uint32_t combining_class(char32_t c) {
  const ClassRange* range = find_range(kCombiningClasses, c);
  return range ? range->combining_class : 0;
}

// Hangul syllables by arithmetic: Unicode 3.12, "Conjoining Jamo Behavior".
constexpr char32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTrails = 0x11A7;
constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTrailCount = 28;
constexpr char32_t kSyllableCount = kLeadCount * kVowelCount * kTrailCount;

// The first character that NFC may change or that may join the one before it.
constexpr char32_t kFirstNotNfc = 0x300;

bool within(char32_t c, char32_t first, char32_t count) { return c >= first && c - first < count; }

void append_decomposed(std::u32string& out, char32_t c) {
  if (within(c, kSyllables, kSyllableCount)) {
    const char32_t index = c - kSyllables;
    out.push_back(kLeads + index / (kVowelCount * kTrailCount));
    out.push_back(kVowels + index / kTrailCount % kVowelCount);
    if (index % kTrailCount != 0) out.push_back(kTrails + index % kTrailCount);
  } else if (const Decomposition* parts = find_decomposition(kDecompositions, c)) {
    append_decomposed(out, parts->first);
    if (parts->second != 0) out.push_back(parts->second);  // a second part never decomposes
  } else {
    out.push_back(c);
  }
}

/// Sorts each run of marks by class, keeping the order of equals.
void reorder_marks(std::u32string& text) {
  const auto is_starter = [](char32_t c) { return combining_class(c) == 0; };
  auto run = text.begin();
  while (run != text.end()) {
    run = std::find_if_not(run, text.end(), is_starter);
    const auto end = std::find_if(run, text.end(), is_starter);
    std::stable_sort(
        run, end, [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    run = end;
  }
}

/// 0 when the two do not compose.
char32_t composed(char32_t first, char32_t second) {
  if (within(first, kLeads, kLeadCount) && within(second, kVowels, kVowelCount)) {
    return kSyllables + ((first - kLeads) * kVowelCount + second - kVowels) * kTrailCount;
  }
  if (within(first, kSyllables, kSyllableCount) && (first - kSyllables) % kTrailCount == 0 &&
      within(second, kTrails + 1, kTrailCount - 1)) {
    return first + second - kTrails;
  }
  const auto key = std::pair(first, second);
  const auto rows = kCompositions;
  const auto at = std::lower_bound(rows.begin(), rows.end(), key, [](const auto& row, auto wanted) {
    return std::pair(row.first, row.second) < wanted;
  });
  if (at == rows.end() || std::pair(at->first, at->second) != key) return 0;
  return at->composed;
}

/// Joins each starter with the marks and starters after it that nothing blocks.
std::u32string compose(std::u32string_view text) {
  std::u32string out;
  size_t starter = std::u32string::npos;
  uint32_t last_class = 0;
  for (const char32_t c : text) {
    const uint32_t c_class = combining_class(c);
    const bool has_starter = starter != std::u32string::npos;
    const bool blocked = !has_starter || (starter + 1 != out.size() && last_class >= c_class);
    if (const char32_t joined = blocked ? 0 : composed(out[starter], c)) {
      out[starter] = joined;
      continue;
    }
    if (c_class == 0) starter = out.size();
    last_class = c_class;
    out.push_back(c);
  }
  return out;
}

}  // namespace

std::u32string nfc(std::u32string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char32_t c) { return c < kFirstNotNfc; })) {
    return std::u32string(text);
  }
  std::u32string decomposed;
  decomposed.reserve(text.size());
  for (const char32_t c : text) append_decomposed(decomposed, c);
  reorder_marks(decomposed);
  return compose(decomposed);
}

std::u32string to_lower(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    if (const LowerCaseRange* range = find_range(kLowerCase, c);
        range && (c - range->first) % range->step == 0) {
      out.push_back(static_cast<char32_t>(static_cast<int32_t>(c) + range->offset));
    } else if (const Decomposition* pair = find_decomposition(kLowerCasePairs, c)) {
      out.append({pair->first, pair->second});
    } else {
      out.push_back(c);
    }
  }
  return out;
}

bool is_letter(char32_t c) { return find_range(kLetters, c) != nullptr; }

bool is_number(char32_t c) { return find_range(kNumbers, c) != nullptr; }

bool is_space(char32_t c) { return find_range(kSpaces, c) != nullptr; }

}  // namespace allaprima::unicode
