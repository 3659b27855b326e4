// The readers of a checkpoint's files, each with good files to begin from.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "mutation.h"

namespace allaprima::fuzz {

struct Reader {
  std::string name;
  size_t weight;                      // how often, relative to the others
  std::vector<std::string> files;     // that are damaged, one at a time
  std::function<void(Random&)> read;  // throws Error for what is no good
};

/// What the readers begin from.
struct GoodFiles {
  std::filesystem::path model;                    // a checkpoint
  std::vector<std::filesystem::path> tokenizers;  // folders of tokenizers besides
};

/// Copies them into `folder`; the functions keep its path.
std::vector<Reader> make_readers(const GoodFiles& good, const std::filesystem::path& folder);

}  // namespace allaprima::fuzz
