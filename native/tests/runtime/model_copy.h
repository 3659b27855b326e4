// A copy of a checkpoint in a folder of its own, to be damaged by a test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "../expect_says.h"
#include "base/json_file.h"
#include "io/safetensors.h"

namespace allaprima {

class ModelCopy {
 public:
  explicit ModelCopy(const std::filesystem::path& model = ALLAPRIMA_MODELS "/tiny") {
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(model, folder_, std::filesystem::copy_options::recursive);
  }
  ~ModelCopy() { std::filesystem::remove_all(folder_); }
  ModelCopy(const ModelCopy&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path operator/(const std::filesystem::path& file) const {
    return folder_ / file;
  }

  void write(const std::filesystem::path& file, const std::string& text) const {
    std::ofstream(folder_ / file, std::ios::binary) << text;
  }

  void change(const std::filesystem::path& file, const std::string& key, const Json& value) const {
    Json json = read_json(folder_ / file);
    json[key] = value;
    write(file, json.dump());
  }

  /// The weights file again, with names, shapes and data changed by `edit`.
  template <class Edit>
  void rewrite(const std::filesystem::path& file, Edit edit) const {
    std::vector<TensorToWrite> tensors;
    const auto copy = folder_ / "copy.safetensors";
    std::filesystem::rename(folder_ / file, copy);
    const SafetensorsFile source(copy);
    for (const auto& [name, entry] : source.tensors()) {
      tensors.push_back({name, entry.dtype, entry.shape, entry.data});
    }
    edit(tensors);
    write_safetensors(folder_ / file, tensors, {});
    std::filesystem::remove(copy);
  }

  /// One tensor of the weights file, all its bits set: in every format of a weight that is NaN.
  void fill_with_nan(const std::filesystem::path& file, const std::string& name) const {
    std::vector<std::byte> ones;
    rewrite(file, [&](auto& tensors) {
      for (auto& tensor : tensors) {
        if (tensor.name != name) continue;
        ones.assign(tensor.data.size(), std::byte{0xFF});
        tensor.data = ones;
      }
      ASSERT_FALSE(ones.empty()) << name;
    });
  }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("allaprima-model-" + std::to_string(::getpid()));
};

}  // namespace allaprima
