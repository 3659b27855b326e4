// Tensors of libtorch over the entries of safetensors files, and into such files.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/torch.h"
#include "io/safetensors.h"

namespace allaprima {

/// Whether libtorch has numbers of this type.
bool is_readable_type(const std::string& dtype);

/// A tensor over the bytes of an entry, not owning them and only to be read. `where` begins the
/// error of a type that libtorch does not have.
Tensor view_of(const TensorEntry& entry, const std::string& where);

/// Writes fp32 tensors.
void save_tensors(const std::filesystem::path& path,
                  const std::vector<std::pair<std::string, Tensor>>& tensors,
                  const std::map<std::string, std::string>& metadata);

}  // namespace allaprima
