#include "base/json_file.h"

#include <set>
#include <vector>

#include "base/error.h"
#include "base/text_file.h"

namespace allaprima {

namespace {

constexpr int kDeepest = 32;

/// The keys of the objects that are open while a text is parsed, outermost first.
class OpenObjects {
 public:
  /// Whether the key, at this depth, is new to its object.
  bool add(int depth, const std::string& key) {
    keys_.resize(static_cast<size_t>(depth));
    return keys_.back().insert(key).second;
  }
  void close(int depth) { keys_.resize(static_cast<size_t>(depth)); }

 private:
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& where, Repeats repeats) {
  OpenObjects open;
  const auto acceptable = [&](int depth, Json::parse_event_t event, Json& parsed) {
    check(depth <= kDeepest, Code::kInvalidModel, where, ": its JSON is nested more than ",
          kDeepest, " deep");
    if (repeats == Repeats::kRefused && event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      check(open.add(depth, key), Code::kInvalidModel, where, ": names '", key, "' twice");
    }
    if (event == Json::parse_event_t::object_end) open.close(depth);
    return true;
  };
  Json value = Json::parse(text, acceptable, /*allow_exceptions=*/false);
  check(!value.is_discarded(), Code::kInvalidModel, where, ": is not valid JSON");
  return value;
}

Json read_json(const std::filesystem::path& path, Repeats repeats) {
  return parse_json(read_text(path), path.string(), repeats);
}

}  // namespace allaprima
