#include "base/json_file.h"

#include <fstream>

#include "base/error.h"

namespace allaprima {

namespace {
constexpr std::uintmax_t kLargestJson = 64u << 20;
constexpr int kDeepest = 32;

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    check(depth <= kDeepest, Code::kInvalidModel, where, ": its JSON is nested more than ",
          kDeepest, " deep");
    return true;
  };
  Json value = Json::parse(text, shallow, /*allow_exceptions=*/false);
  check(!value.is_discarded(), Code::kInvalidModel, where, ": is not valid JSON");
  return value;
}

Json read_json(const std::filesystem::path& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  check(!missing, Code::kInvalidModel, path.string(), ": cannot be read (", missing.message(), ")");
  check(size <= kLargestJson, Code::kInvalidModel, path.string(), ": ", size,
        " bytes, a JSON file of a checkpoint has at most ", kLargestJson);
  std::ifstream file(path, std::ios::binary);
  check(file.good(), Code::kInvalidModel, path.string(), ": cannot be opened");
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  check(file.good(), Code::kInvalidModel, path.string(), ": cannot be read");
  return parse_json(text, path.string());
}

}  // namespace allaprima
