// What was done to a loaded checkpoint, in order, in words and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace allaprima::transforms {

struct PlanEntry {
  std::string name;    // "precision", later "fuse_qkv", …
  std::string detail;  // a sentence
  int64_t changed;     // tensors or layers
  int64_t bytes_before, bytes_after;
};

using Plan = std::vector<PlanEntry>;

}  // namespace allaprima::transforms
