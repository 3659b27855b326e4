#include "base/json_file.h"

#include <fstream>

#include "base/error.h"

namespace allaprima {

namespace {
constexpr std::uintmax_t kLargestJson = 64u << 20;
}

Json read_json(const std::filesystem::path& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  check(!missing, Code::kInvalidModel, path.string(), ": cannot be read (", missing.message(), ")");
  check(size <= kLargestJson, Code::kInvalidModel, path.string(), ": ", size,
        " bytes, a JSON file of a checkpoint has at most ", kLargestJson);
  std::ifstream file(path, std::ios::binary);
  check(file.good(), Code::kInvalidModel, path.string(), ": cannot be opened");
  Json value = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  check(!value.is_discarded(), Code::kInvalidModel, path.string(), ": is not valid JSON");
  return value;
}

}  // namespace allaprima
