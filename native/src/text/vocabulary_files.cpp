// Reads `vocab.json` and `merges.txt`.
#include "text/vocabulary_files.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text_file.h"

namespace allaprima {

namespace {

constexpr std::string_view kVersionLine = "#version";

/// Takes the entries as the parser meets them: a tree of 50,000 nodes would take as long as all
/// the rest of loading. Each function says whether to go on.
class EntryCollector {
 public:
  std::vector<VocabularyEntry> entries;
  std::string problem = "expected an object of tokens and ids";

  bool start_object(size_t) { return depth_++ == 0; }
  bool end_object() { return true; }
  bool key(std::string& token) {
    entries.push_back({std::move(token), 0});
    return true;
  }
  bool number_unsigned(uint64_t id) {
    if (id > INT32_MAX) return other_value();
    return number_integer(static_cast<int64_t>(id));
  }
  bool number_integer(int64_t id) {
    if (entries.empty()) return false;
    entries.back().id = id;
    return true;
  }
  bool null() { return other_value(); }
  bool boolean(bool) { return other_value(); }
  bool number_float(double, const std::string&) { return other_value(); }
  bool string(std::string&) { return other_value(); }
  bool binary(Json::binary_t&) { return other_value(); }
  bool start_array(size_t) { return other_value(); }
  bool end_array() { return true; }
  bool parse_error(size_t offset, const std::string&, const Json::exception&) {
    problem = "is not valid JSON at byte " + std::to_string(offset);
    return false;
  }

 private:
  bool other_value() {
    if (!entries.empty()) {
      problem = "the id of token '" + excerpt(entries.back().token) + "' is not a whole number";
    }
    return false;
  }

  int depth_ = 0;
};

/// Takes the first line, without its end, from text.
std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Vocabulary read_vocabulary(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  EntryCollector collector;
  const bool ok = Json::sax_parse(text, &collector);
  check(ok, Code::kInvalidModel, path.string(), ": ", collector.problem);
  return Vocabulary(std::move(collector.entries), path.string());
}

std::vector<MergeRule> read_merges(const std::filesystem::path& path,
                                   const Vocabulary& vocabulary) {
  const std::string text = read_text(path);
  std::vector<MergeRule> rules;
  rules.reserve(static_cast<size_t>(vocabulary.size()));
  size_t number = 0;
  const auto id_of = [&](std::string_view token) {
    if (const auto id = vocabulary.find(token)) return *id;
    fail(Code::kInvalidModel, path.string(), ":", number, ": '", excerpt(token),
         "' is not in the vocabulary");
  };
  std::string merged;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = next_line(rest);
    ++number;
    if (line.starts_with(kVersionLine)) continue;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || space != line.rfind(' ')) {
      fail(Code::kInvalidModel, path.string(), ":", number,
           ": expected two tokens with one space between them, found '", excerpt(line), "'");
    }
    const std::string_view left = line.substr(0, space);
    const std::string_view right = line.substr(space + 1);
    merged.assign(left).append(right);
    rules.push_back({id_of(left), id_of(right), id_of(merged)});
  }
  return rules;
}

}  // namespace allaprima
