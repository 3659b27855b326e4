// The special and added tokens of a tokenizer, by the rules of transformers' CLIPTokenizer.
#include "text/special_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "text/vocabulary.h"

namespace allaprima {

namespace {

constexpr const char* kDecoder = "added_tokens_decoder";
constexpr const char* kAdded = "added_tokens";
constexpr size_t kMostAdded = 4096;  // as many as a tokenizer may add; each is looked up in a list
constexpr const char* kBegin = "<|startoftext|>";
constexpr const char* kEnd = "<|endoftext|>";

// The order matters: of two that write one token differently, the later counts.
constexpr std::array<std::string_view, 7> kNames = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

/// A token as a file writes it: its text alone, or an object with its text as `content`.
struct Written {
  std::string content;
  bool normalized;
  bool is_object;

  bool operator==(const Written&) const = default;
};

bool flag(const Json& token, const char* key, bool otherwise, const std::string& where) {
  if (!token.contains(key)) return otherwise;
  const Json& value = token[key];
  check(value.is_boolean(), Code::kInvalidModel, where, ": '", key, "' is ", value.type_name(),
        ", expected true or false");
  return value.get<bool>();
}

Written written(const Json& token, const std::string& where, bool is_named) {
  if (token.is_string()) return {token.get<std::string>(), false, false};
  const bool has_text = token.is_object() && token.contains("content");
  check(has_text && token["content"].is_string(), Code::kInvalidModel, where,
        ": expected a text or an object with a text 'content', found ", excerpt(token.dump()));
  check(!flag(token, "single_word", false, where), Code::kInvalidModel, where,
        ": 'single_word' is true, but only tokens that may stand inside a word are supported");
  const bool special = is_named || flag(token, "special", false, where);
  return {token["content"].get<std::string>(), flag(token, "normalized", !special, where), true};
}

int64_t whole_number(const std::string& text, const std::string& where) {
  int64_t number = -1;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  check(error == std::errc() && end == last && number >= 0, Code::kInvalidModel, where,
        ": expected an id, found '", excerpt(text), "'");
  return number;
}

/// A named or extra token joins those with a number; what is numbered keeps what it says there.
void merge(std::vector<TokenEntry>& entries, const Written& token) {
  const auto same = [&](const TokenEntry& entry) { return entry.content == token.content; };
  const auto at = std::find_if(entries.begin(), entries.end(), same);
  if (at == entries.end()) {
    entries.push_back({token.content, token.normalized, std::nullopt});
  } else if (!at->id) {
    at->normalized = token.normalized;
  }
}

class Reader {
 public:
  Reader(const TokenizerJson& json, const std::string& folder) : json_(json), folder_(folder) {}

  SpecialTokens read() const {
    SpecialTokens tokens;
    tokens.begin = required("bos_token");
    tokens.end = required("eos_token");
    tokens.pad = required("pad_token");
    if (const auto unknown = named("unk_token")) tokens.unknown = unknown->content;
    const std::vector<Written> special = named_and_extra();
    tokens.entries = has_decoder() ? from_decoder() : from_other_files(special);
    for (const Written& token : special) merge(tokens.entries, token);
    std::erase_if(tokens.entries, [](const TokenEntry& entry) { return entry.content.empty(); });
    return tokens;
  }

 private:
  bool has_decoder() const { return json_.config.contains(kDecoder); }

  /// special_tokens_map.json comes first, but counts for nothing beside an added_tokens_decoder.
  const Json* find(std::string_view key) const {
    if (!has_decoder() && json_.special_map.contains(key)) return &json_.special_map[key];
    return json_.config.contains(key) ? &json_.config[key] : nullptr;
  }

  std::string where(std::string_view key) const {
    return folder_ + ": '" + std::string(key) + "' of the tokenizer";
  }

  std::optional<Written> named(std::string_view key) const {
    if (const Json* value = find(key)) {
      if (value->is_null()) return std::nullopt;
      return written(*value, where(key), /*is_named=*/true);
    }
    if (key == "bos_token") return Written{kBegin, false, false};
    const bool ends = key == "eos_token" || key == "unk_token" || key == "pad_token";
    return ends ? std::optional(Written{kEnd, false, false}) : std::nullopt;
  }

  std::string required(std::string_view key) const {
    const auto token = named(key);
    check(token && !token->content.empty(), Code::kInvalidModel, where(key),
          ": expected a token, found nothing");
    return token->content;
  }

  /// A repetition counts where it stands first.
  std::vector<Written> named_and_extra() const {
    std::vector<Written> tokens;
    const auto add = [&](const Written& token) {
      if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
    };
    for (const std::string_view name : kNames) {
      if (const auto token = named(name)) add(*token);
    }
    for (const std::string_view key : {"extra_special_tokens", "additional_special_tokens"}) {
      const Json* list = find(key);
      if (!list || list->empty()) continue;
      check(list->is_structured(), Code::kInvalidModel, where(key), ": expected a list, found ",
            list->type_name());
      for (const Json& token : *list) add(written(token, where(key), /*is_named=*/false));
      break;  // the second is the older name of the first
    }
    return tokens;
  }

  std::vector<TokenEntry> from_decoder() const {
    const Json& decoder = json_.config[kDecoder];
    check(decoder.is_object(), Code::kInvalidModel, where(kDecoder), ": expected an object, found ",
          decoder.type_name());
    std::vector<TokenEntry> entries;
    for (const auto& [key, value] : decoder.items()) {
      const int64_t id = whole_number(key, where(kDecoder));
      const Written token = written(value, where(kDecoder), /*is_named=*/false);
      entries.push_back({token.content, token.normalized, id});
    }
    return by_id(std::move(entries));
  }

  /// added_tokens.json, then tokenizer.json, which replaces what has the same id.
  std::vector<TokenEntry> from_other_files(const std::vector<Written>& special) const {
    std::vector<TokenEntry> entries = from_added_tokens_file(special);
    for (const TokenEntry& entry : from_one_file()) {
      std::erase_if(entries, [&](const TokenEntry& other) { return other.id == entry.id; });
      entries.push_back(entry);
    }
    return by_id(std::move(entries));
  }

  std::vector<TokenEntry> from_added_tokens_file(const std::vector<Written>& special) const {
    std::vector<TokenEntry> entries;
    for (const auto& [content, id] : json_.added_tokens.items()) {
      check(id.is_number_integer(), Code::kInvalidModel, folder_, ": added_tokens.json: token '",
            excerpt(content), "' has the id ", excerpt(id.dump()), ", expected a whole number");
      const bool is_special = std::any_of(special.begin(), special.end(), [&](const auto& token) {
        return token.content == content;
      });
      entries.push_back({content, !is_special, id.get<int64_t>()});
    }
    return entries;
  }

  std::vector<TokenEntry> from_one_file() const {
    if (!json_.one_file.contains(kAdded)) return {};
    const Json& list = json_.one_file[kAdded];
    check(list.is_array(), Code::kInvalidModel, folder_, ": tokenizer.json: '", kAdded,
          "' is no list but ", list.type_name());
    check(list.size() <= kMostAdded, Code::kInvalidModel, folder_, ": tokenizer.json: '", kAdded,
          "' has ", list.size(), " entries, at most ", kMostAdded, " are supported");
    std::vector<TokenEntry> entries;
    for (const Json& value : list) {
      const Written token = written(value, where(kAdded), /*is_named=*/false);
      const bool has_id = value.is_object() && value.contains("id");
      check(has_id && value["id"].is_number_integer(), Code::kInvalidModel, where(kAdded),
            ": token '", excerpt(token.content), "' has no whole number as its id");
      entries.push_back({token.content, token.normalized, value["id"].get<int64_t>()});
    }
    return entries;
  }

  static std::vector<TokenEntry> by_id(std::vector<TokenEntry> entries) {
    std::sort(entries.begin(), entries.end(),
              [](const TokenEntry& a, const TokenEntry& b) { return a.id < b.id; });
    return entries;
  }

  const TokenizerJson& json_;
  const std::string& folder_;
};

}  // namespace

SpecialTokens special_tokens(const TokenizerJson& json, const std::string& folder) {
  return Reader(json, folder).read();
}

}  // namespace allaprima
