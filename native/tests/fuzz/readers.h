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

/// Copies what the readers begin from, of the checkpoint `model`, into `folder`. The functions keep
/// the path.
std::vector<Reader> make_readers(const std::filesystem::path& model,
                                 const std::filesystem::path& folder);

}  // namespace allaprima::fuzz
