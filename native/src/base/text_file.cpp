#include "base/text_file.h"

#include <fstream>

#include "base/error.h"

namespace allaprima {

namespace {

constexpr std::uintmax_t kLargestFile = 64u << 20;

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  check(!missing, Code::kInvalidModel, path.string(), ": cannot be read (", missing.message(), ")");
  check(size <= kLargestFile, Code::kInvalidModel, path.string(), ": ", size,
        " bytes, such a file has at most ", kLargestFile);
  std::string text(size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(size));
  check(file.good(), Code::kInvalidModel, path.string(), ": cannot be read");
  return text;
}

}  // namespace allaprima
