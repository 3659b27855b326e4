// Prompts to token ids, against transformers and against broken files.
#include "text/clip_tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "base/json_file.h"
#include "tokenizer_copy.h"

namespace allaprima {
namespace {

namespace fs = std::filesystem;

using Ids = std::vector<int64_t>;

const fs::path kData = ALLAPRIMA_TEST_DATA;

// Of the two small tokenizers.
constexpr int64_t kExclamation = 0;
constexpr size_t kLength = 77;

Ids padded(const Json& ids, const Json& pad) {
  Ids result = ids.get<Ids>();
  result.resize(kLength, pad.get<int64_t>());
  return result;
}

/// What stands between the begin and the end.
Ids content(const ClipTokenizer& tokenizer, std::string_view prompt) {
  const Ids ids = tokenizer.encode(prompt).ids;
  const int64_t end = tokenizer.encode("").ids[1];
  return {ids.begin() + 1, std::find(ids.begin() + 1, ids.end(), end)};
}

/// With one space between words: transformers tells the dropped ones as one text.
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string with_single_spaces(const std::string& text) {
  std::istringstream words(text);
  return joined({std::istream_iterator<std::string>(words), {}});
}

void expect_golden(const std::string& folder, const std::string& suffix) {
  const Json golden = read_json(kData / "token_ids.json");
  EXPECT_GE(golden["prompts"].size(), 1000u);
  const auto tokenizer = ClipTokenizer::load(kData / folder);
  for (const Json& prompt : golden["prompts"]) {
    const auto found = tokenizer.encode(prompt["text"].get<std::string>());
    EXPECT_EQ(found.ids, padded(prompt["ids" + suffix], golden["pad" + suffix])) << prompt["text"];
    EXPECT_EQ(joined(found.dropped), with_single_spaces(prompt.value("dropped" + suffix, "")))
        << prompt["text"];
  }
}

/// A copy of the first tokenizer whose files a test may change.
class BrokenTokenizer : public TokenizerCopyTest {
 protected:
  BrokenTokenizer() : TokenizerCopyTest("tokenizer") {}

  void append(const std::string& file, const std::string& text) {
    std::ofstream(folder_ / file, std::ios::binary | std::ios::app) << text;
  }

  void set(const std::string& file, const std::string& key, const Json& value) {
    Json json = read_json(folder_ / file);
    json[key] = value;
    write(file, json.dump());
  }
};

TEST(ClipTokenizer, gives_the_ids_of_transformers) { expect_golden("tokenizer", ""); }

TEST(ClipTokenizer, gives_the_ids_of_transformers_where_exclamation_marks_pad) {
  expect_golden("tokenizer_2", "_2");
}

TEST(ClipTokenizer, gives_the_same_ids_from_one_file_with_merges_as_pairs) {
  expect_golden("tokenizer_one_file", "");
}

TEST(ClipTokenizer, gives_the_same_ids_from_one_file_with_merges_as_texts_and_added_tokens) {
  expect_golden("tokenizer_2_one_file", "_2");
}

TEST(ClipTokenizer, fills_up_with_the_padding_token) {
  const auto first = ClipTokenizer::load(kData / "tokenizer").encode("");
  const auto second = ClipTokenizer::load(kData / "tokenizer_2").encode("");
  ASSERT_EQ(first.ids.size(), kLength);
  EXPECT_EQ(first.ids.back(), first.ids[1]) << "the end pads";
  ASSERT_EQ(second.ids.size(), kLength);
  EXPECT_EQ(second.ids.back(), kExclamation);
}

TEST(ClipTokenizer, takes_each_exclamation_mark_for_padding_when_it_is_the_padding_token) {
  const auto tokenizer = ClipTokenizer::load(kData / "tokenizer_2");
  EXPECT_EQ(content(tokenizer, "!!"), (Ids{kExclamation, kExclamation}));
  EXPECT_EQ(content(tokenizer, "a!b").at(1), kExclamation);
}

TEST(ClipTokenizer, keeps_the_end_of_a_prompt_that_is_cut_and_says_what_was_dropped) {
  const auto tokenizer = ClipTokenizer::load(kData / "tokenizer");
  std::string prompt;
  for (int i = 0; i < 75; ++i) prompt += "a ";
  EXPECT_TRUE(tokenizer.encode(prompt).dropped.empty());
  const auto cut = tokenizer.encode(prompt + "Red  dragon");
  EXPECT_EQ(cut.ids.size(), kLength);
  EXPECT_EQ(cut.ids.back(), tokenizer.encode("").ids[1]);
  EXPECT_EQ(cut.dropped, (std::vector<std::string>{"red", "dragon"}));
}

TEST(ClipTokenizer, refuses_a_prompt_that_is_not_utf8_and_says_where) {
  const auto tokenizer = ClipTokenizer::load(kData / "tokenizer");
  try {
    tokenizer.encode("caf\xe9 au lait");
    FAIL() << "encoded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("byte 3"), std::string::npos) << error.what();
  }
}

TEST(ClipTokenizer, reads_a_very_long_word_in_reasonable_time) {
  const auto tokenizer = ClipTokenizer::load(kData / "tokenizer");
  EXPECT_EQ(tokenizer.encode(std::string(200'000, 'a')).ids.size(), kLength);
}

TEST(ClipTokenizer, counts_added_tokens_in_its_vocabulary) {
  const auto first = ClipTokenizer::load(kData / "tokenizer");
  const auto second = ClipTokenizer::load(kData / "tokenizer_2");
  EXPECT_EQ(second.vocabulary_size(), first.vocabulary_size() + 2);
}

TEST_F(BrokenTokenizer, loads_when_nothing_is_broken) { EXPECT_EQ(refusal(), "loaded"); }

TEST_F(BrokenTokenizer, may_lack_its_configuration) {
  fs::remove(folder_ / "tokenizer_config.json");
  fs::remove(folder_ / "special_tokens_map.json");
  EXPECT_EQ(ClipTokenizer::load(folder_).length(), 77);
}

TEST_F(BrokenTokenizer, may_have_windows_line_ends_in_its_merges) {
  std::string text = "#version: 0.2\r\n\xc4\xa0 \xc4\xa0</w>\r\n";
  Json vocabulary = read_json(folder_ / "vocab.json");
  vocabulary["\xc4\xa0\xc4\xa0</w>"] = vocabulary.size();
  write("vocab.json", vocabulary.dump());
  write("merges.txt", text);
  EXPECT_EQ(refusal(), "loaded");
}

TEST_F(BrokenTokenizer, takes_a_huge_length_for_none) {
  write("tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_EQ(ClipTokenizer::load(folder_).length(), 77);
  EXPECT_EQ(ClipTokenizer::load(folder_, 64).length(), 64) << "the encoder's positions";
}

TEST_F(BrokenTokenizer, is_refused_for_an_impossible_length) {
  set("tokenizer_config.json", "model_max_length", 1);
  expect_refusal({"tokenizer_config.json", "model_max_length is 1", "at least 2"});
  set("tokenizer_config.json", "model_max_length", -77);
  expect_refusal({"model_max_length is -77"});
  set("tokenizer_config.json", "model_max_length", "77");
  expect_refusal({"model_max_length is \"77\""});
}

TEST_F(BrokenTokenizer, is_refused_without_a_vocabulary_or_merges) {
  fs::remove(folder_ / "merges.txt");
  expect_refusal({"merges.txt", "cannot be read"});
  fs::remove(folder_ / "vocab.json");
  expect_refusal({"vocab.json", "cannot be read"});
}

TEST_F(BrokenTokenizer, is_refused_for_a_vocabulary_that_is_not_one) {
  write("vocab.json", "{\"a\": 0, ");
  expect_refusal({"vocab.json", "not valid JSON at byte"});
  write("vocab.json", "[1, 2]");
  expect_refusal({"vocab.json", "expected an object of tokens and ids"});
  write("vocab.json", "7");
  expect_refusal({"vocab.json", "expected an object of tokens and ids"});
  write("vocab.json", "{}");
  expect_refusal({"vocab.json", "has no tokens"});
  write("vocab.json", R"({"a": {"b": 0}})");
  expect_refusal({"vocab.json", "expected an object of tokens and ids"});
}

TEST_F(BrokenTokenizer, is_refused_for_ids_that_are_not_in_order) {
  write("vocab.json", R"({"a": 0, "b": 2})");
  expect_refusal({"token 'b' has the id 2", "0 to 1"});
  write("vocab.json", R"({"a": 0, "b": -1})");
  expect_refusal({"token 'b' has the id -1"});
  write("vocab.json", R"({"a": 0, "b": 0})");
  expect_refusal({"'a' and 'b' share the id 0"});
  write("vocab.json", R"({"a": 0, "a": 1})");
  expect_refusal({"token 'a' is twice"});
  write("vocab.json", R"({"a": 0.5})");
  expect_refusal({"token 'a' is not a whole number"});
  write("vocab.json", R"({"a": 18446744073709551615})");
  expect_refusal({"token 'a' is not a whole number"});
}

TEST_F(BrokenTokenizer, is_refused_for_malformed_merges) {
  append("merges.txt", "abc\n");
  expect_refusal({"merges.txt:188", "two tokens", "'abc'"});
  write("merges.txt", "a b c\n");
  expect_refusal({"merges.txt:1", "'a b c'"});
  write("merges.txt", "#version: 0.2\n\n");
  expect_refusal({"merges.txt:2"});
  write("merges.txt", "zq \xff\n");
  expect_refusal({"merges.txt:1", "'zq' is not in the vocabulary"});
}

TEST_F(BrokenTokenizer, is_refused_without_tokens_for_all_bytes) {
  write("merges.txt", "");
  write("vocab.json", R"({"a": 0})");
  expect_refusal({"vocab.json", "has no token '\xc4\x80' for a byte and no unknown token"});
}

TEST_F(BrokenTokenizer, lets_the_unknown_token_stand_in_for_missing_bytes) {
  write("vocab.json", R"({"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2})");
  write("merges.txt", "");
  const Ids ids = ClipTokenizer::load(folder_).encode("ba ca a").ids;
  EXPECT_EQ(Ids(ids.begin(), ids.begin() + 7), (Ids{0, 1, 2, 1, 2, 2, 1}));
}

TEST_F(BrokenTokenizer, is_refused_for_special_tokens_that_are_not_tokens) {
  set("special_tokens_map.json", "bos_token", 7);
  expect_refusal({"'bos_token'", "found 7"});
  set("special_tokens_map.json", "bos_token", nullptr);
  expect_refusal({"'bos_token'", "found nothing"});
  set("special_tokens_map.json", "bos_token", Json{{"content", 7}});
  expect_refusal({"'bos_token'", "a text 'content'"});
  set("special_tokens_map.json", "bos_token", Json{{"content", "a"}, {"single_word", true}});
  expect_refusal({"'bos_token'", "single_word"});
  write("special_tokens_map.json", "[]");
  expect_refusal({"special_tokens_map.json", "expected an object"});
}

TEST_F(BrokenTokenizer, is_refused_for_added_tokens_that_contradict_the_vocabulary) {
  set("tokenizer_config.json", "added_tokens_decoder", Json{{"5", {{"content", "<new>"}}}});
  expect_refusal({"'<new>' has the id 5", "expected"});
  set("tokenizer_config.json", "added_tokens_decoder", Json{{"x", {{"content", "<new>"}}}});
  expect_refusal({"added_tokens_decoder", "expected an id, found 'x'"});
  set("tokenizer_config.json", "added_tokens_decoder", Json::array());
  expect_refusal({"added_tokens_decoder", "expected an object, found array"});
}

TEST_F(BrokenTokenizer, is_refused_for_two_tokens_that_no_text_tells_apart) {
  const Json tokens = {{{"content", "<New>"}, {"normalized", true}},
                       {{"content", "<new>"}, {"normalized", true}}};
  set("tokenizer_config.json", "extra_special_tokens", tokens);
  expect_refusal({"match the same text '<new>'"});
}

TEST_F(BrokenTokenizer, is_refused_for_what_would_put_other_ids_out) {
  set("tokenizer_config.json", "padding_side", "left");
  expect_refusal({"tokenizer_config.json", "padding_side", "not supported"});
}

TEST_F(BrokenTokenizer, reads_the_older_file_of_added_tokens) {
  const int64_t next = ClipTokenizer::load(folder_).vocabulary_size();
  write("added_tokens.json", Json{{"<sks>", next}}.dump());
  EXPECT_EQ(content(ClipTokenizer::load(folder_), "<SKS>"), Ids{next});
}

TEST(ClipTokenizer, cuts_a_megabyte_of_words_in_reasonable_time) {
  std::string prompt;
  while (prompt.size() < (1 << 20)) prompt += "a ";
  EXPECT_EQ(ClipTokenizer::load(kData / "tokenizer").encode(prompt).dropped.size(),
            (1u << 19) - 75);
}

}  // namespace
}  // namespace allaprima
