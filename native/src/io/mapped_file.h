// A file mapped into memory, read-only for others: writes stay private to this process.
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

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace allaprima
