#include "io/tensors.h"

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

}  // namespace

Tensor view_of(const TensorEntry& entry, const std::string& where) {
  void* data = const_cast<std::byte*>(entry.data.data());
  return at::from_blob(data, entry.shape, at::TensorOptions(scalar_type(entry.dtype, where)));
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
