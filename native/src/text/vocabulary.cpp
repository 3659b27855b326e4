// The tokens of a tokenizer and their ids.
#include "text/vocabulary.h"

#include <bit>
#include <functional>
#include <utility>

#include "base/error.h"
#include "text/utf8.h"

namespace allaprima {

namespace {

constexpr size_t kExcerpt = 40;

uint32_t hash_of(std::string_view token) {
  return static_cast<uint32_t>(std::hash<std::string_view>()(token));
}

}  // namespace

// Messages are put together after the check: making one for each of 50,000 tokens takes longer
// than all the rest.
Vocabulary::Vocabulary(std::vector<VocabularyEntry> entries, const std::string& file) {
  check(!entries.empty(), Code::kInvalidModel, file, ": has no tokens");
  const auto last = static_cast<int64_t>(entries.size()) - 1;
  std::vector<bool> taken(entries.size());
  tokens_.resize(entries.size());
  for (VocabularyEntry& entry : entries) {
    if (entry.id < 0 || entry.id > last) {
      fail(Code::kInvalidModel, file, ": token '", excerpt(entry.token), "' has the id ", entry.id,
           ", expected one from 0 to ", last, " as there are ", last + 1, " tokens");
    }
    const auto place = static_cast<size_t>(entry.id);
    if (taken[place]) {
      fail(Code::kInvalidModel, file, ": tokens '", excerpt(tokens_[place]), "' and '",
           excerpt(entry.token), "' share the id ", entry.id);
    }
    taken[place] = true;
    tokens_[place] = std::move(entry.token);
  }
  slots_.assign(std::bit_ceil(2 * tokens_.size()), Slot{0, kFree});
  for (int32_t id = 0; id <= last; ++id) {
    if (!index(id)) fail(Code::kInvalidModel, file, ": token '", excerpt(token(id)), "' is twice");
  }
}

std::optional<int32_t> Vocabulary::find(std::string_view token) const {
  const Slot& slot = slots_[slot_of(token, hash_of(token))];
  return slot.id == kFree ? std::nullopt : std::optional(slot.id);
}

int32_t Vocabulary::find_or_add(const std::string& token) {
  if (const auto id = find(token)) return *id;
  const auto id = static_cast<int32_t>(tokens_.size());
  tokens_.push_back(token);
  grow();
  index(id);
  return id;
}

size_t Vocabulary::slot_of(std::string_view token, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at].id != kFree; at = (at + 1) & mask) {
    if (slots_[at].hash == hash && tokens_[static_cast<size_t>(slots_[at].id)] == token) break;
  }
  return at;
}

bool Vocabulary::index(int32_t id) {
  const std::string& token = tokens_[static_cast<size_t>(id)];
  const uint32_t hash = hash_of(token);
  Slot& slot = slots_[slot_of(token, hash)];
  if (slot.id != kFree) return false;
  slot = {hash, id};
  return true;
}

void Vocabulary::grow() {
  if (2 * tokens_.size() <= slots_.size()) return;
  const std::vector<Slot> old = std::move(slots_);
  slots_.assign(2 * old.size(), Slot{0, kFree});
  for (const Slot& slot : old) {
    if (slot.id != kFree) index(slot.id);
  }
}

std::string excerpt(std::string_view text) {
  const bool is_long = text.size() > kExcerpt;
  return unicode::repair_utf8(text.substr(0, kExcerpt)) + (is_long ? "…" : "");
}

}  // namespace allaprima
