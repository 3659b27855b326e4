#include "runtime/text_cache.h"

#include <algorithm>

namespace allaprima::runtime {

const networks::EncodedText* TextCache::find(const Key& key) {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const auto& entry) { return entry.first == key; });
  if (at == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, at);
  return &entries_.front().second;
}

const networks::EncodedText& TextCache::insert(Key key, networks::EncodedText text) {
  entries_.emplace_front(std::move(key), std::move(text));
  if (entries_.size() > kCapacity) entries_.pop_back();
  return entries_.front().second;
}

}  // namespace allaprima::runtime
