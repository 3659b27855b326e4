// What was done to a loaded checkpoint, in order, in words and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace allaprima::transforms {

/// A layer that was asked for and stays as it is.
struct Skipped {
  std::string layer;
  std::string reason;
};

struct PlanEntry {
  std::string name;    // "precision", "fuse_qkv", …
  std::string detail;  // a sentence
  int64_t changed;     // tensors or layers
  int64_t bytes_before, bytes_after;
  std::vector<std::string> layers = {};  // that were changed, where somebody chose them
  std::vector<Skipped> skipped = {};
};

using Plan = std::vector<PlanEntry>;

}  // namespace allaprima::transforms
