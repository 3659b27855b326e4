// A few values by key, of which the one that was not used longest goes first.
#pragma once

#include <algorithm>
#include <list>
#include <utility>

namespace allaprima::runtime {

/// For one thread. Key has ==.
template <class Key, class Value>
class RecentlyUsed {
 public:
  explicit RecentlyUsed(size_t capacity) : capacity_(capacity) {}

  /// Null when it is not there; valid until the next insert.
  Value* find(const Key& key) {
    return find_if([&](const Key& held, const Value&) { return held == key; });
  }

  template <class Predicate>
  Value* find_if(Predicate meant) {
    const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
      return meant(entry.first, entry.second);
    });
    if (at == entries_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, at);
    return &entries_.front().second;
  }

  Value& insert(Key key, Value value) {
    entries_.emplace_front(std::move(key), std::move(value));
    if (entries_.size() > capacity_) entries_.pop_back();
    return entries_.front().second;
  }

  /// For one more: the one that was not used longest goes now, not after the insert.
  void make_room() {
    if (entries_.size() >= capacity_) entries_.pop_back();
  }
  void erase(const Key& key) {
    entries_.remove_if([&](const auto& entry) { return entry.first == key; });
  }

  void clear() { entries_.clear(); }
  size_t size() const { return entries_.size(); }

 private:
  size_t capacity_;
  std::list<std::pair<Key, Value>> entries_;  // the last used first
};

}  // namespace allaprima::runtime
