// Reads what a CLIP tokenizer needs from the files of its folder in a checkpoint.
#include "text/tokenizer_files.h"

#include <utility>

#include "base/error.h"
#include "base/json_file.h"
#include "text/special_tokens.h"
#include "text/vocabulary_files.h"

namespace allaprima {

namespace {

// Of CLIP's text encoders, which have 77 positions.
constexpr int64_t kUsualLength = 77;
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

int64_t read_length(const Json& config, const std::string& file) {
  const auto at = config.find("model_max_length");
  if (at == config.end() || at->is_null()) return kUsualLength;
  check(at->is_number() && *at >= kSmallestLength, Code::kInvalidModel, file,
        ": model_max_length is ", excerpt(at->dump()), ", expected a number of at least ",
        kSmallestLength);
  if (*at > kLargestLength) return kUsualLength;
  return at->get<int64_t>();
}

void refuse(const Json& config, const char* key, const Json& value, const std::string& file) {
  const auto at = config.find(key);
  check(at == config.end() || *at != value, Code::kInvalidModel, file, ": ", key, " is ",
        value.dump(), ", which is not supported");
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

TokenizerParts read_tokenizer_folder(const std::filesystem::path& folder) {
  const TokenizerJson json = {read_optional(folder / "tokenizer_config.json"),
                              read_optional(folder / "special_tokens_map.json"),
                              read_optional(folder / "added_tokens.json")};
  const std::string config_file = (folder / "tokenizer_config.json").string();
  refuse(json.config, "padding_side", "left", config_file);
  refuse(json.config, "truncation_side", "left", config_file);
  refuse(json.config, "split_special_tokens", true, config_file);
  const SpecialTokens special = special_tokens(json, folder.string());

  const std::filesystem::path file = folder / "vocab.json";
  Vocabulary vocabulary = read_vocabulary(file);
  // The unknown token must be of the vocabulary itself: the library looks nowhere else.
  const auto unknown = special.unknown ? vocabulary.find(*special.unknown) : std::nullopt;
  const ByteTokens bytes = ByteTokens::of(vocabulary, unknown, file.string());
  std::vector<MergeRule> merges = read_merges(folder / "merges.txt", vocabulary);
  std::vector<AddedToken> added = register_tokens(special.entries, vocabulary, folder.string());
  // All three are among the entries, so they have an id by now.
  const int32_t begin = vocabulary.find(special.begin).value();
  const int32_t end = vocabulary.find(special.end).value();
  const int32_t pad = vocabulary.find(special.pad).value();
  return {std::move(vocabulary),
          bytes,
          std::move(merges),
          std::move(added),
          begin,
          end,
          pad,
          read_length(json.config, config_file)};
}

}  // namespace allaprima
