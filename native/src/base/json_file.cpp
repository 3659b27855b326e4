#include "base/json_file.h"

#include "base/error.h"
#include "base/text_file.h"

namespace allaprima {

namespace {

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
  return parse_json(read_text(path), path.string());
}

}  // namespace allaprima
