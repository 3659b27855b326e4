// The safetensors container: 8 bytes of header length, a JSON header, data. Knows nothing of
// libtorch. Format: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/mapped_file.h"

namespace allaprima {

/// One tensor inside a mapped file; `data` need not be aligned.
struct TensorEntry {
  std::string dtype;  // "F32", "F16", "BF16", "I64", …
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};

class SafetensorsFile {
 public:
  /// Maps and checks the file: lengths, types, offsets, overlaps, names given twice. Throws
  /// kInvalidModel with the place of the first fault, kIo when it cannot be read.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::map<std::string, TensorEntry>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }

  /// Throws kIo when the file was cut since it was opened.
  void check_whole() const;
  /// Gives back the memory of a tensor that was read.
  void release(const TensorEntry& entry) const { file_.release(entry.data); }

 private:
  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, TensorEntry> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Size of one element in bytes, 0 for a type that is not known.
size_t element_size(const std::string& dtype);

struct TensorToWrite {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};

/// Writes beside the target and renames, so that no half-written file is ever seen. Throws kIo.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace allaprima
