// A file mapped into memory, for reading.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace allaprima {

class MappedFile {
 public:
  /// Throws kIo when the file cannot be opened or mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  /// Whether the file still has all the bytes that were mapped. Reading beyond its end would kill
  /// the process, and nothing can stop another one from cutting it.
  bool is_whole() const;

  /// Gives back the memory of the pages inside `part`. They can be read again: then they come from
  /// the file.
  void release(std::span<const std::byte> part) const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  int file_ = -1;
};

}  // namespace allaprima
