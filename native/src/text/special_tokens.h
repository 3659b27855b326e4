// The special and added tokens of a tokenizer, from the JSON that describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json_file.h"

namespace allaprima {

/// Objects as the files hold them, empty where there is no such file.
struct TokenizerJson {
  Json config;        // tokenizer_config.json
  Json special_map;   // special_tokens_map.json
  Json added_tokens;  // added_tokens.json
  Json one_file;      // tokenizer.json, without its model
};

struct TokenEntry {
  std::string content;
  bool normalized;            // found in the plain text, else in the prompt as written
  std::optional<int64_t> id;  // where the file says one
};

struct SpecialTokens {
  std::string begin, end, pad;
  std::optional<std::string> unknown;
  std::vector<TokenEntry> entries;  // in the order they are added, each content once
};

/// Throws kInvalidModel; folder begins the messages.
SpecialTokens special_tokens(const TokenizerJson& json, const std::string& folder);

}  // namespace allaprima
