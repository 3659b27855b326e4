#include "io/checkpoint.h"

#include "base/error.h"

namespace allaprima {

namespace {

at::ScalarType scalar_type(const std::string& dtype, const std::string& where) {
  if (dtype == "F32") return at::kFloat;
  if (dtype == "F16") return at::kHalf;
  if (dtype == "BF16") return at::kBFloat16;
  if (dtype == "F64") return at::kDouble;
  if (dtype == "I64") return at::kLong;
  if (dtype == "I32") return at::kInt;
  fail(Code::kInvalidModel, where, ": dtype ", dtype, " is not supported");
}

std::filesystem::path weights_file(const std::filesystem::path& folder, const std::string& stem) {
  const auto file = folder / (stem + ".safetensors");
  std::error_code ignored;
  if (std::filesystem::is_regular_file(file, ignored)) return file;
  const auto there = [&](const char* ending) {
    return std::filesystem::exists(folder / (stem + ending), ignored);
  };
  const char* found = there(".safetensors.index.json") ? "its weights are sharded"
                      : there(".fp16.safetensors")     ? "there is a variant, fp16"
                      : there(".bin")                  ? "there are weights in Python's own format"
                                                       : nullptr;
  fail(Code::kInvalidModel, folder.string(), ": there is no ", stem, ".safetensors; ",
       found ? found : "a diffusers folder holds its weights in such a file",
       found ? ", which this version does not read" : "");
}

}  // namespace

Tensor view_of(const TensorEntry& entry, const std::string& where) {
  // libtorch never writes through a tensor that is only read, and the mapping is private.
  void* data = const_cast<std::byte*>(entry.data.data());
  return at::from_blob(data, entry.shape, at::TensorOptions(scalar_type(entry.dtype, where)));
}

Checkpoint::Checkpoint(const std::filesystem::path& folder, const std::string& stem)
    : file_(weights_file(folder, stem)) {
  for (const auto& [name, entry] : file_.tensors()) tensors_[name] = &entry;
}

void Checkpoint::assume_prefix(const std::string& prefix) {
  for (const auto& [name, entry] : tensors_) {
    if (name.starts_with(prefix)) return;
  }
  std::map<std::string, const TensorEntry*> renamed;
  for (const auto& [name, entry] : tensors_) renamed[prefix + name] = entry;
  tensors_ = std::move(renamed);
}

const std::vector<int64_t>* Checkpoint::shape(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second->shape;
}

Tensor Checkpoint::view(const std::string& name) const {
  return view_of(*tensors_.at(name), path() + ": tensor '" + name + "'");
}

at::ScalarType Checkpoint::dtype(const std::string& name) const { return view(name).scalar_type(); }

Tensor Checkpoint::take(const std::string& name, const Placement& placement) {
  claim(name);
  return view(name).to(at::TensorOptions(placement.dtype).device(placement.device),
                       /*non_blocking=*/false, /*copy=*/true);
}

void Checkpoint::disclaim(const std::string& prefix) {
  for (const auto& [name, entry] : tensors_) {
    if (name.starts_with(prefix)) claimed_.insert(name);
  }
}

std::vector<std::string> Checkpoint::unclaimed() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : tensors_) {
    if (!claimed_.contains(name)) names.push_back(name);
  }
  return names;
}

void save_tensors(const std::filesystem::path& path,
                  const std::vector<std::pair<std::string, Tensor>>& tensors,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<TensorToWrite> entries;
  std::vector<Tensor> kept;  // the bytes must outlive the writing
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(tensor.to(at::kCPU, at::kFloat).contiguous());
    const Tensor& x = kept.back();
    entries.push_back({name,
                       "F32",
                       x.sizes().vec(),
                       {static_cast<const std::byte*>(x.const_data_ptr()), x.nbytes()}});
  }
  write_safetensors(path, entries, metadata);
}

}  // namespace allaprima
