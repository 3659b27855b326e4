// The weights of one component of a diffusers folder: named tensors, and which of them were
// claimed. Knows nothing of libtorch; tensors.h makes tensors of the entries.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/safetensors.h"
#include "io/weight_files.h"

namespace allaprima {

class Checkpoint {
 public:
  /// Maps the files. Throws kInvalidModel when one is damaged, and when index and shards do not
  /// hold the same tensors.
  explicit Checkpoint(const WeightFiles& weights);

  /// The tensor of this name, or nullptr.
  const TensorEntry* find(const std::string& name) const;

  /// The tensor of this name, which must exist. Marks it as claimed. Throws kIo when its file was
  /// cut since it was opened.
  const TensorEntry& take(const std::string& name);

  /// Gives back the memory of a tensor that was read.
  void release(const std::string& name) const;

  /// The tensor is known, whether it is taken or not.
  void claim(const std::string& name) { claimed_.insert(name); }

  /// When no name has this prefix, all are taken to have it.
  void assume_prefix(const std::string& prefix);

  /// Names under `from` and a dot are taken to be under `to`. Throws kInvalidModel when a new name
  /// is there already.
  void rename(const std::string& from, const std::string& to);

  /// A tensor [C, D, 1, 1] is taken as [C, D]; others, and one that is not there, stay.
  void drop_kernel_axes(const std::string& name);

  /// Names with this prefix are known and not wanted.
  void disclaim(const std::string& prefix);

  std::vector<std::string> unclaimed() const;

  /// The file, or the index.
  std::string path() const { return path_.string(); }

 private:
  struct Held {
    TensorEntry entry;
    size_t file;  // of files_
  };

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, Held> tensors_;  // by the name they are asked for
  std::set<std::string> claimed_;
};

}  // namespace allaprima
