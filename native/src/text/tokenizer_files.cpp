// Reads what a CLIP tokenizer needs from the files of its folder in a checkpoint.
#include "text/tokenizer_files.h"

#include <utility>

#include "base/error.h"
#include "base/json_file.h"
#include "text/one_file_tokenizer.h"
#include "text/special_tokens.h"
#include "text/vocabulary_files.h"

namespace allaprima {

namespace {

// transformers writes 10^30 for "no limit"; nothing that reads ids has this many positions.
constexpr int64_t kLargestLength = 4096;
constexpr int64_t kSmallestLength = 2;  // the begin and the end
// A checkpoint adds a few; more would make every prompt slow.
constexpr size_t kMostAddedTokens = 4096;

/// An empty object when there is no such file.
Json read_optional(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Json::object();
  Json value = read_json(path);
  check(value.is_object(), Code::kInvalidModel, path.string(), ": expected an object, found ",
        value.type_name());
  return value;
}

int64_t read_length(const Json& config, const std::string& file, int64_t positions) {
  const auto at = config.find("model_max_length");
  if (at == config.end() || at->is_null()) return positions;
  check(at->is_number() && *at >= kSmallestLength, Code::kInvalidModel, file,
        ": model_max_length is ", excerpt(at->dump()), ", expected a number of at least ",
        kSmallestLength);
  if (*at > kLargestLength) return positions;
  return at->get<int64_t>();
}

void refuse(const Json& config, const char* key, const Json& value, const std::string& file) {
  const auto at = config.find(key);
  check(at == config.end() || *at != value, Code::kInvalidModel, file, ": ", key, " is ",
        value.dump(), ", which is not supported");
}

/// The library's own settings count where the configuration has none.
void refuse_left(const TokenizerJson& json, const char* section, const char* key,
                 const std::string& file) {
  const auto at = json.one_file.find(section);
  if (json.config.contains(key) || at == json.one_file.end() || !at->is_object()) return;
  refuse(*at, "direction", "Left", file + ": " + section);
}

struct Model {
  Vocabulary vocabulary;
  std::vector<MergeRule> merges;
  std::string file;  // what errors about the vocabulary name
};

/// `rest` gets what tokenizer.json holds beside the model.
Model read_model(const std::filesystem::path& folder, Json& rest) {
  const std::filesystem::path one = folder / "tokenizer.json";
  std::error_code ignored;
  if (std::filesystem::exists(one, ignored)) {
    OneFileTokenizer file = read_one_file_tokenizer(one);
    rest = std::move(file.rest);
    return {std::move(file.vocabulary), std::move(file.merges), one.string()};
  }
  const std::filesystem::path path = folder / "vocab.json";
  Vocabulary vocabulary = read_vocabulary(path);
  std::vector<MergeRule> merges = read_merges(folder / "merges.txt", vocabulary);
  return {std::move(vocabulary), std::move(merges), path.string()};
}

std::vector<AddedToken> register_tokens(const std::vector<TokenEntry>& entries,
                                        Vocabulary& vocabulary, const std::string& folder) {
  check(entries.size() <= kMostAddedTokens, Code::kInvalidModel, folder, ": the tokenizer adds ",
        entries.size(), " tokens, at most ", kMostAddedTokens, " are supported");
  std::vector<AddedToken> tokens;
  for (const TokenEntry& entry : entries) {
    const int32_t id = vocabulary.find_or_add(entry.content);
    check(!entry.id || *entry.id == id, Code::kInvalidModel, folder, ": the added token '",
          excerpt(entry.content), "' has the id ", entry.id.value_or(id), ", expected ", id,
          " from the vocabulary");
    tokens.push_back({entry.content, entry.normalized, id});
  }
  return tokens;
}

}  // namespace

TokenizerParts read_tokenizer_folder(const std::filesystem::path& folder, int64_t positions) {
  TokenizerJson json = {read_optional(folder / "tokenizer_config.json"),
                        read_optional(folder / "special_tokens_map.json"),
                        read_optional(folder / "added_tokens.json"), Json::object()};
  const std::string config_file = (folder / "tokenizer_config.json").string();
  Model model = read_model(folder, json.one_file);
  refuse(json.config, "padding_side", "left", config_file);
  refuse(json.config, "truncation_side", "left", config_file);
  refuse(json.config, "split_special_tokens", true, config_file);
  refuse_left(json, "padding", "padding_side", model.file);
  refuse_left(json, "truncation", "truncation_side", model.file);
  const SpecialTokens special = special_tokens(json, folder.string());

  // The unknown token must be of the vocabulary itself: the library looks nowhere else.
  const auto unknown = special.unknown ? model.vocabulary.find(*special.unknown) : std::nullopt;
  const ByteTokens bytes = ByteTokens::of(model.vocabulary, unknown, model.file);
  std::vector<AddedToken> added =
      register_tokens(special.entries, model.vocabulary, folder.string());
  // All three are among the entries, so they have an id by now.
  const int32_t begin = model.vocabulary.find(special.begin).value();
  const int32_t end = model.vocabulary.find(special.end).value();
  const int32_t pad = model.vocabulary.find(special.pad).value();
  return {std::move(model.vocabulary),
          bytes,
          std::move(model.merges),
          std::move(added),
          begin,
          end,
          pad,
          read_length(json.config, config_file, positions)};
}

}  // namespace allaprima
