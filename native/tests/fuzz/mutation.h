// Damages texts and files in ways that a seed decides.
#pragma once

#include <cstdint>
#include <string>

#include "base/json_file.h"

namespace allaprima::fuzz {

/// splitmix64: each seed is a sequence of its own, the same on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next();
  /// 0 to count − 1; 0 when count is 0.
  size_t below(size_t count) { return count == 0 ? 0 : next() % count; }
  bool one_in(size_t count) { return below(count) == 0; }

 private:
  uint64_t state_;
};

/// Bytes, tokens and numbers: one to four faults.
std::string mutate_text(Random& random, std::string text);

/// The values of a JSON document: it stays JSON, and usually of the same form.
std::string mutate_json(Random& random, const std::string& text);

/// A safetensors file: its header's values, its length, its bytes or its end.
std::string mutate_safetensors(Random& random, const std::string& file);

}  // namespace allaprima::fuzz
