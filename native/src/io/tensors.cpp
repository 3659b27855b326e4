#include "io/tensors.h"

#include <optional>

#include "base/error.h"

namespace allaprima {

namespace {

std::optional<at::ScalarType> scalar_type(const std::string& dtype) {
  if (dtype == "F32") return at::kFloat;
  if (dtype == "F16") return at::kHalf;
  if (dtype == "BF16") return at::kBFloat16;
  if (dtype == "F64") return at::kDouble;
  if (dtype == "I64") return at::kLong;
  if (dtype == "I32") return at::kInt;
  return std::nullopt;
}

}  // namespace

bool is_readable_type(const std::string& dtype) { return scalar_type(dtype).has_value(); }

Tensor view_of(const TensorEntry& entry, const std::string& where) {
  const auto type = scalar_type(entry.dtype);
  check(type.has_value(), Code::kInvalidModel, where, ": dtype ", entry.dtype, " is not supported");
  void* data = const_cast<std::byte*>(entry.data.data());
  return at::from_blob(data, entry.shape, at::TensorOptions(*type));
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
