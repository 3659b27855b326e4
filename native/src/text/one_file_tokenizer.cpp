// Reads `tokenizer.json`.
#include "text/one_file_tokenizer.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text_file.h"

namespace allaprima {

namespace {

using Event = Json::parse_event_t;

constexpr int kDeepest = 32;

struct Merge {
  std::string left, right;
};

/// Takes vocabulary and merges out of the document while it is parsed: kept in it, their 150,000
/// values would take longer than all the rest of loading.
class ModelCollector {
 public:
  explicit ModelCollector(std::string file) : file_(std::move(file)) {}

  std::vector<VocabularyEntry> entries;
  std::vector<Merge> merges;

  /// For each event of the parser; whether the value stays in the document. Depth 1 is the
  /// document's own, 2 the model's, 3 that of an entry of the vocabulary or of a merge.
  bool take(int depth, Event event, Json& value) {
    check(depth <= kDeepest, Code::kInvalidModel, file_, ": its JSON is nested more than ",
          kDeepest, " deep");
    if (event == Event::key && depth == 1) section_ = value.get<std::string>();
    if (event == Event::key && depth == 2) member_ = value.get<std::string>();
    if (depth < 3 || section_ != "model") return true;
    if (member_ == "vocab") return take_token(depth, event, value);
    if (member_ == "merges") return take_merge(depth, event, value);
    return true;
  }

 private:
  /// False: the key is not kept, nor its value.
  bool take_token(int depth, Event event, Json& value) {
    if (event == Event::key && depth == 3) {
      entries.push_back({value.get<std::string>(), 0});
      return false;
    }
    const bool is_id = event == Event::value && depth == 3 && !entries.empty() &&
                       value.is_number_unsigned() && value <= INT32_MAX;
    if (!is_id) {
      fail(Code::kInvalidModel, file_, ": 'vocab' must be an object of tokens and ids; it is not ",
           entries.empty() ? "one" : "at '" + excerpt(entries.back().token) + "'");
    }
    entries.back().id = value.get<int64_t>();
    return true;
  }

  bool take_merge(int depth, Event event, Json& value) {
    if (event == Event::array_start && depth == 3) {
      pair_.clear();
      return true;
    }
    if (event == Event::array_end && depth == 3) {
      check_two(pair_.size() == 2);
      merges.push_back({std::move(pair_[0]), std::move(pair_[1])});
      return false;
    }
    if (event != Event::value || depth > 4 || !value.is_string()) {
      fail(Code::kInvalidModel, file_, ": merge ", merges.size(), " must be a text or two texts");
    }
    if (depth == 4) {
      pair_.push_back(value.get<std::string>());
      check_two(pair_.size() <= 2);
      return false;
    }
    const auto text = value.get<std::string>();
    const size_t space = text.find(' ');
    check_two(space != std::string::npos && space == text.rfind(' '));
    merges.push_back({text.substr(0, space), text.substr(space + 1)});
    return false;
  }

  void check_two(bool is_two) const {
    check(is_two, Code::kInvalidModel, file_, ": merge ", merges.size(), " must be two tokens");
  }

  std::string file_, section_, member_;
  std::vector<std::string> pair_;
};

std::vector<MergeRule> rules_of(const std::vector<Merge>& merges, const Vocabulary& vocabulary,
                                const std::string& file) {
  const auto id_of = [&](std::string_view token) {
    if (const auto id = vocabulary.find(token)) return *id;
    fail(Code::kInvalidModel, file, ": '", excerpt(token), "' of a merge is not in the vocabulary");
  };
  std::vector<MergeRule> rules;
  rules.reserve(merges.size());
  for (const Merge& merge : merges) {
    rules.push_back({id_of(merge.left), id_of(merge.right), id_of(merge.left + merge.right)});
  }
  return rules;
}

}  // namespace

OneFileTokenizer read_one_file_tokenizer(const std::filesystem::path& path) {
  const std::string file = path.string();
  ModelCollector collector(file);
  Json rest = Json::parse(
      read_text(path),
      [&](int depth, Event event, Json& value) { return collector.take(depth, event, value); },
      /*allow_exceptions=*/false);
  check(!rest.is_discarded(), Code::kInvalidModel, file, ": is not valid JSON");
  const Json* model = rest.is_object() && rest.contains("model") ? &rest["model"] : nullptr;
  check(model && model->is_object() && model->value("type", Json("BPE")) == "BPE",
        Code::kInvalidModel, file, ": expected an object with a 'model' of the type BPE");
  Vocabulary vocabulary(std::move(collector.entries), file);
  std::vector<MergeRule> merges = rules_of(collector.merges, vocabulary, file);
  return {std::move(vocabulary), std::move(merges), std::move(rest)};
}

}  // namespace allaprima
