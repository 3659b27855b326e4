// Tokenizers of one file: what counts before what, and broken ones. The ids are in
// clip_tokenizer_test.cpp.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json_file.h"
#include "tokenizer_copy.h"

namespace allaprima {
namespace {

namespace fs = std::filesystem;

const fs::path kData = ALLAPRIMA_TEST_DATA;
constexpr const char* kFile = "tokenizer.json";

/// A copy of the first tokenizer, of which a test may change the file.
class OneFileTokenizerTest : public TokenizerCopyTest {
 protected:
  OneFileTokenizerTest()
      : TokenizerCopyTest("tokenizer_one_file"), whole_(read_json(folder_ / kFile)) {}

  /// The file with one value, by its JSON pointer, changed.
  void change(const std::string& pointer, const Json& value) {
    Json json = whole_;
    json[Json::json_pointer(pointer)] = value;
    write(kFile, json.dump());
  }

  const Json whole_;
};

TEST_F(OneFileTokenizerTest, is_all_that_is_needed) {
  fs::remove(folder_ / "tokenizer_config.json");
  EXPECT_EQ(ClipTokenizer::load(folder_).encode("it's a photo").ids,
            ClipTokenizer::load(kData / "tokenizer").encode("it's a photo").ids);
}

TEST_F(OneFileTokenizerTest, counts_before_the_two_files_it_replaces) {
  fs::copy(kData / "tokenizer/vocab.json", folder_ / "vocab.json");
  write("merges.txt", "this is no list of merges\n");
  EXPECT_EQ(refusal(), "loaded");
}

TEST_F(OneFileTokenizerTest, is_refused_when_it_is_no_tokenizer) {
  write(kFile, "{\"model\": ");
  expect_refusal({kFile, "not valid JSON"});
  write(kFile, "[]");
  expect_refusal({kFile, "'model' of the type BPE"});
  change("/model/type", "WordPiece");
  expect_refusal({kFile, "'model' of the type BPE"});
  write(kFile, std::string(200'000, '['));
  expect_refusal({kFile, "nested more than 32 deep"});
}

TEST_F(OneFileTokenizerTest, is_refused_for_a_vocabulary_that_is_not_one) {
  change("/model/vocab", Json::array({"a", "b"}));
  expect_refusal({kFile, "'vocab' must be an object"});
  change("/model/vocab/a", 0.5);
  expect_refusal({kFile, "'vocab'", "at 'a'"});
  change("/model/vocab/a", -1);
  expect_refusal({kFile, "'vocab'", "at 'a'"});
  change("/model/vocab/a", 4294967296);
  expect_refusal({kFile, "'vocab'", "at 'a'"});
  change("/model/vocab/a", Json{{"b", 0}});
  expect_refusal({kFile, "'vocab'", "at 'a'"});
  change("/model/vocab", nullptr);
  expect_refusal({kFile, "has no tokens"});
}

TEST_F(OneFileTokenizerTest, is_refused_for_malformed_merges) {
  change("/model/merges/3", "abc");
  expect_refusal({kFile, "merge 3 must be two tokens"});
  change("/model/merges/3", "a b c");
  expect_refusal({"merge 3 must be two tokens"});
  change("/model/merges/3", Json::array({"a"}));
  expect_refusal({"merge 3 must be two tokens"});
  change("/model/merges/3", Json::array({"a", "b", "c"}));
  expect_refusal({"merge 3 must be two tokens"});
  change("/model/merges/3", Json::array({"a", 7}));
  expect_refusal({"merge 3 must be a text or two texts"});
  change("/model/merges/3", Json{{"a", "b"}});
  expect_refusal({"merge 3 must be a text or two texts"});
  change("/model/merges/3", Json::array({"a", "zq"}));
  expect_refusal({"'zq' of a merge is not in the vocabulary"});
}

TEST_F(OneFileTokenizerTest, is_refused_for_added_tokens_that_are_none) {
  change("/added_tokens", "all");
  expect_refusal({"'added_tokens' is no list"});
  change("/added_tokens/0/id", "first");
  expect_refusal({"'added_tokens'", "no whole number"});
  change("/added_tokens/0/content", 7);
  expect_refusal({"'added_tokens'", "a text 'content'"});
  change("/added_tokens/0/id", 5);
  expect_refusal({"has the id 5"});
}

TEST_F(OneFileTokenizerTest, is_refused_for_padding_on_the_left) {
  change("/padding", Json{{"direction", "Left"}});
  expect_refusal({kFile, "padding", "\"Left\"", "not supported"});
  write("tokenizer_config.json", R"({"padding_side": "right"})");
  EXPECT_EQ(refusal(), "loaded") << "the configuration counts first";
}

}  // namespace
}  // namespace allaprima
