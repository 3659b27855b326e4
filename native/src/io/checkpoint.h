// The weights of one component of a diffusers folder: named tensors, and which of them were
// claimed.
#pragma once

#include <map>
#include <set>

#include "base/device.h"
#include "base/torch.h"
#include "io/safetensors.h"

namespace allaprima {

class Checkpoint {
 public:
  /// `folder` is the component's, `stem` the file name without ".safetensors". Throws
  /// kInvalidModel.
  Checkpoint(const std::filesystem::path& folder, const std::string& stem);

  /// The shape of a tensor, or nullptr when there is none of this name.
  const std::vector<int64_t>* shape(const std::string& name) const;

  /// The type of a tensor as the file holds it; the name must exist.
  at::ScalarType dtype(const std::string& name) const;

  /// A copy of the tensor, converted; it owns its memory. Marks it as claimed.
  Tensor take(const std::string& name, const Placement& placement);

  /// The tensor is known, whether it is taken or not.
  void claim(const std::string& name) { claimed_.insert(name); }

  /// When no name has this prefix, all are taken to have it.
  void assume_prefix(const std::string& prefix);

  /// Names with this prefix are known and not wanted.
  void disclaim(const std::string& prefix);

  std::vector<std::string> unclaimed() const;
  std::string path() const { return file_.path().string(); }

 private:
  Tensor view(const std::string& name) const;

  SafetensorsFile file_;
  std::map<std::string, const TensorEntry*> tensors_;  // by the name they are asked for
  std::set<std::string> claimed_;
};

/// A tensor over the bytes of an entry, not owning them.
Tensor view_of(const TensorEntry& entry, const std::string& where);

/// Writes fp32 tensors.
void save_tensors(const std::filesystem::path& path,
                  const std::vector<std::pair<std::string, Tensor>>& tensors,
                  const std::map<std::string, std::string>& metadata);

}  // namespace allaprima
