// Which files are found, and what is refused between an index and its shards.
#include "io/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "../expect_says.h"
#include "base/error.h"
#include "base/json_file.h"

namespace allaprima {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~CheckpointTest() override { fs::remove_all(folder_); }

  /// A file of tensors of shape [count], filled with their number.
  void write(const std::string& file, const std::vector<std::string>& names,
             std::vector<int64_t> shape = {2}) {
    std::vector<float> values(1 << 16, 7);
    size_t numbers = 1;
    for (int64_t size : shape) numbers *= static_cast<size_t>(size);
    std::vector<TensorToWrite> tensors;
    const auto data = std::as_bytes(std::span(values).first(numbers));
    for (const auto& name : names) tensors.push_back({name, "F32", shape, data});
    write_safetensors(folder_ / file, tensors, {});
  }

  void write_text(const std::string& file, const std::string& text) {
    std::ofstream(folder_ / file) << text;
  }

  void write_index(const std::string& file, const Json& weight_map) {
    write_text(file, Json{{"metadata", {{"total_size", 1}}}, {"weight_map", weight_map}}.dump());
  }

  WeightFiles find(const std::string& variant = "") { return find_weights(folder_, "m", variant); }

  std::string refusal(const std::string& variant = "") {
    try {
      Checkpoint checkpoint(find(variant));
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidModel);
      return error.what();
    }
  }

  void expect_refused(const std::vector<std::string>& words) { expect_says(refusal(), words); }

  const fs::path folder_ =
      fs::temp_directory_path() / ("allaprima-checkpoint-" + std::to_string(::getpid()));
};

constexpr const char* kIndex = "m.safetensors.index.json";

TEST_F(CheckpointTest, reads_all_shards) {
  write("m-00001-of-00002.safetensors", {"a", "b"});
  write("m-00002-of-00002.safetensors", {"c"});
  write_index(kIndex, {{"a", "m-00001-of-00002.safetensors"},
                       {"b", "m-00001-of-00002.safetensors"},
                       {"c", "m-00002-of-00002.safetensors"}});
  const Checkpoint checkpoint(find());
  EXPECT_EQ(checkpoint.unclaimed(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(checkpoint.path(), (folder_ / kIndex).string());
}

TEST_F(CheckpointTest, refuses_shards_that_are_no_plain_file_names) {
  for (const char* name : {"../x.safetensors", "/etc/x.safetensors", "a/b.safetensors",
                           "a\\b.safetensors", "", "..", "x.bin", ".safetensors", "a\nb"}) {
    write_index(kIndex, {{"a", name}});
    expect_refused({"m.safetensors.index.json", "without a path"});
  }
  write_index(kIndex, {{"a", std::string("x\0.safetensors", 14)}});
  expect_refused({"without a path"});
  write_index(kIndex, {{"a", 7}});
  expect_refused({"tensor 'a' is 7"});
}

TEST_F(CheckpointTest, refuses_indices_without_a_table) {
  for (const char* text : {"[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{}})", "7"}) {
    write_text(kIndex, text);
    expect_refused({"m.safetensors.index.json", "no weight_map"});
  }
  write_text(kIndex, R"({"weight_map":{"a":"x.safetensors","a":"y.safetensors"}})");
  expect_refused({"names 'a' twice"});
}

TEST_F(CheckpointTest, names_a_shard_that_is_missing) {
  write("one.safetensors", {"a"});
  write_index(kIndex, {{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  expect_refused({"two.safetensors", "no such file", "m.safetensors.index.json"});
}

TEST_F(CheckpointTest, refuses_an_index_and_shards_that_differ) {
  write("one.safetensors", {"a"});
  write("two.safetensors", {"b", "c"});
  write_index(kIndex,
              {{"a", "one.safetensors"}, {"b", "one.safetensors"}, {"c", "two.safetensors"}});
  expect_refused({"one.safetensors holds tensor 'b', which it does not"});
  write_index(kIndex, {{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  expect_refused({"does not name tensor 'c' of two.safetensors"});
  write("two.safetensors", {"a", "b"});
  write_index(kIndex, {{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  expect_refused({"two.safetensors", "'a'", "one.safetensors holds too"});
}

TEST_F(CheckpointTest, refuses_a_tensor_that_one_file_has_twice) {
  const std::string entry = R"("a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  const std::string header = "{" + entry + "," + entry + "}";
  const uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  write_text("m.safetensors", file + header);
  expect_refused({"m.safetensors", "names 'a' twice"});
}

TEST_F(CheckpointTest, finds_a_variant_in_each_spelling) {
  const std::map<std::string, std::string> kSpellings{
      {"m.safetensors.index.fp16.json", "m.fp16-00001-of-00001.safetensors"},
      {"m.safetensors.fp16.index.json", "m-00001-of-00001.fp16.safetensors"}};
  for (const auto& [index, shard] : kSpellings) {
    write(shard, {"a"});
    write_index(index, {{"a", shard}});
    for (const char* asked : {"fp16", ""}) {
      EXPECT_EQ(find(asked).named.filename(), index);
      EXPECT_EQ(find(asked).variant, "fp16");
      EXPECT_EQ(Checkpoint(find(asked)).unclaimed().size(), 1u);
    }
    fs::remove(folder_ / index);
    fs::remove(folder_ / shard);
  }
  write("m.fp16.safetensors", {"a"});
  EXPECT_EQ(find("fp16").named.filename(), "m.fp16.safetensors");
  EXPECT_EQ(find("").variant, "fp16");
}

TEST_F(CheckpointTest, takes_the_plain_files_when_no_variant_is_asked_for_or_there) {
  write("m.safetensors", {"a"});
  write("m.fp16.safetensors", {"a"});
  EXPECT_EQ(find("").variant, "");
  EXPECT_EQ(find("fp16").variant, "fp16");
  EXPECT_EQ(find("ema").named.filename(), "m.safetensors");
  EXPECT_EQ(find("ema").variant, "");
}

TEST_F(CheckpointTest, does_not_choose_between_two_variants) {
  write("m.fp16.safetensors", {"a"});
  write("m.ema.safetensors", {"a"});
  expect_refused({"several variants: ema, fp16"});
  EXPECT_NE(refusal("bf16").find("several variants"), std::string::npos);
  fs::remove(folder_ / "m.ema.safetensors");
  // Asking for fp16 may not help: another component may have bf16 alone.
  expect_says(refusal("bf16"), {"neither the variant bf16 nor m.safetensors",
                                "only the variant fp16", "without a variant"});
}

TEST_F(CheckpointTest, prefers_one_file_to_shards) {
  write("m.safetensors", {"a"});
  write_index(kIndex, {{"a", "missing.safetensors"}});
  EXPECT_EQ(find().named.filename(), "m.safetensors");
}

// As in the cache of Hugging Face's hub: names are links to blobs in another folder.
TEST_F(CheckpointTest, follows_links) {
  fs::create_directories(folder_ / "blobs");
  write("blobs/0a", {"a"});
  write("blobs/0b", {"b"});
  write_index("blobs/0c", {{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  fs::create_symlink("blobs/0a", folder_ / "one.safetensors");
  fs::create_symlink("blobs/0b", folder_ / "two.safetensors");
  fs::create_symlink("blobs/0c", folder_ / kIndex);
  EXPECT_EQ(Checkpoint(find()).unclaimed().size(), 2u);
  fs::remove(folder_ / "blobs/0b");
  expect_refused({"two.safetensors", "no such file"});
}

TEST_F(CheckpointTest, renames_and_reshapes_what_old_files_hold) {
  write("m.safetensors", {"attention.query.weight", "attention.queryx", "other"}, {2, 2, 1, 1});
  Checkpoint checkpoint(find());
  checkpoint.rename("attention.query", "attention.to_q");
  checkpoint.drop_kernel_axes("attention.to_q.weight");
  EXPECT_EQ(checkpoint.unclaimed(),
            (std::vector<std::string>{"attention.queryx", "attention.to_q.weight", "other"}));
  EXPECT_EQ(checkpoint.find("attention.to_q.weight")->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(checkpoint.find("other")->shape.size(), 4u);
}

TEST_F(CheckpointTest, refuses_a_tensor_under_both_its_names) {
  write("m.safetensors", {"query.weight", "to_q.weight"});
  Checkpoint checkpoint(find());
  EXPECT_THROW(checkpoint.rename("query", "to_q"), Error);
}

TEST_F(CheckpointTest, holds_the_data_after_its_memory_was_given_back) {
  write("m.safetensors", {"a", "b"}, {64, 1024});
  Checkpoint checkpoint(find());
  checkpoint.release("a");
  for (const char* name : {"a", "b"}) {
    const auto data = checkpoint.take(name).data;
    for (size_t i = 0; i < data.size(); i += sizeof(float)) {
      float value;
      std::memcpy(&value, data.data() + i, sizeof value);
      ASSERT_EQ(value, 7) << name << i;
    }
  }
}

TEST_F(CheckpointTest, sees_that_a_file_was_cut_after_it_was_opened) {
  write("m.safetensors", {"a"});
  Checkpoint checkpoint(find());
  fs::resize_file(folder_ / "m.safetensors", 40);
  try {
    checkpoint.take("a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kIo);
    EXPECT_NE(std::string(error.what()).find("became shorter"), std::string::npos);
  }
}

}  // namespace
}  // namespace allaprima
