// Which files of a component's folder hold its weights: one file, or shards with an index; plain,
// or of a variant such as fp16; in each spelling that is in use.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace allaprima {

struct WeightFiles {
  std::filesystem::path named;                  // the one file, or the index
  std::vector<std::filesystem::path> files;     // the one file, or the shards
  std::map<std::string, std::string> shard_of;  // tensor to file name; empty without an index
  std::string variant;                          // empty: the plain files
};

/// Throws kInvalidArgument unless it is a word that can be part of a file name.
void check_variant_name(const std::string& variant);

/// The variants that have weights in the folder, "" for the plain files among them.
std::vector<std::string> variants_of(const std::filesystem::path& folder, const std::string& stem);

/// `stem` is the file name without ".safetensors", links are followed. With a variant: its files,
/// or the plain ones when the component has none of it. Without (""): the plain ones, or, where
/// there are none, those of the only variant. Where one file and shards lie side by side, the file.
/// Throws kInvalidModel when there are no weights, or when an index or a shard of it is no good.
WeightFiles find_weights(const std::filesystem::path& folder, const std::string& stem,
                         const std::string& variant);

}  // namespace allaprima
