// The container reader: good files, and every way a file can lie.
#include "io/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "base/error.h"

namespace allaprima {
namespace {

class SafetensorsTest : public testing::Test {
 protected:
  ~SafetensorsTest() override { std::filesystem::remove(path_); }

  std::filesystem::path write(const std::string& header, size_t data_bytes) {
    std::ofstream file(path_, std::ios::binary);
    const uint64_t length = header.size();
    file.write(reinterpret_cast<const char*>(&length), 8);
    file << header << std::string(data_bytes, '\1');
    return path_;
  }

  std::string refusal(const std::string& header, size_t data_bytes) {
    try {
      SafetensorsFile file(write(header, data_bytes));
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidModel);
      EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos);
      return error.what();
    }
  }

  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("allaprima-safetensors-" + std::to_string(::getpid()));
};

TEST_F(SafetensorsTest, reads_what_it_wrote) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const auto bytes = std::as_bytes(std::span(values));
  write_safetensors(path_, {{"a", "F32", {2, 3}, bytes}, {"empty", "F16", {0, 4}, {}}},
                    {{"prompt", "größe"}});
  const SafetensorsFile file(path_);
  ASSERT_EQ(file.tensors().size(), 2u);
  const TensorEntry& a = file.tensors().at("a");
  EXPECT_EQ(a.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(a.data.data(), bytes.data(), bytes.size()), 0);
  EXPECT_EQ(file.metadata().at("prompt"), "größe");
}

TEST_F(SafetensorsTest, refuses_a_file_of_seven_bytes) {
  std::ofstream(path_) << "1234567";
  EXPECT_THROW(SafetensorsFile file(path_), Error);
}

TEST_F(SafetensorsTest, refuses_a_header_of_2_to_the_63_bytes) {
  std::ofstream file(path_, std::ios::binary);
  const uint64_t length = uint64_t{1} << 63;
  file.write(reinterpret_cast<const char*>(&length), 8);
  file << "{}";
  file.close();
  try {
    SafetensorsFile mapped(path_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("9223372036854775808"), std::string::npos);
  }
}

TEST_F(SafetensorsTest, refuses_a_header_that_is_not_json) {
  EXPECT_NE(refusal("{\"a\":", 0).find("not valid JSON"), std::string::npos);
  EXPECT_NE(refusal("[1,2]", 0).find("not a JSON object"), std::string::npos);
}

TEST_F(SafetensorsTest, refuses_a_cut_file) {
  const auto text = refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7);
  EXPECT_NE(text.find("cut short"), std::string::npos) << text;
}

TEST_F(SafetensorsTest, refuses_sizes_that_do_not_fit) {
  const auto text = refusal(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8);
  EXPECT_NE(text.find("its shape and dtype need 12"), std::string::npos) << text;
}

TEST_F(SafetensorsTest, refuses_shapes_that_overflow) {
  const auto text = refusal(
      R"({"a":{"dtype":"F64","shape":[1099511627776,1099511627776],"data_offsets":[0,0]}})", 0);
  EXPECT_NE(text.find("more bytes than any file has"), std::string::npos) << text;
}

TEST_F(SafetensorsTest, refuses_overlapping_tensors) {
  const auto text = refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                            R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                            12);
  EXPECT_NE(text.find("'a' and 'b' overlap"), std::string::npos) << text;
}

TEST_F(SafetensorsTest, refuses_entries_without_dtype_shape_or_offsets) {
  for (const char* entry :
       {R"({"a":{}})", R"({"a":7})", R"({"a":{"dtype":"F32"}})",
        R"({"a":{"dtype":"X9","shape":[],"data_offsets":[0,4]}})",
        R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
        R"({"a":{"dtype":"F32","shape":[1]}})",
        R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", R"({"__metadata__":[1]})"}) {
    EXPECT_NE(refusal(entry, 4), "accepted") << entry;
  }
}

TEST_F(SafetensorsTest, leaves_no_file_behind_when_it_cannot_write) {
  const auto folder = std::filesystem::path(path_.string() + "-folder");
  std::filesystem::create_directories(folder / "target" / "not empty");
  EXPECT_THROW(write_safetensors(folder / "target", {}, {}), Error);
  size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    left += entry.path().filename() != "target";
  }
  EXPECT_EQ(left, 0u);
  std::filesystem::remove_all(folder);
  EXPECT_THROW(write_safetensors("/no/such/folder/x.safetensors", {}, {}), Error);
}

TEST_F(SafetensorsTest, refuses_headers_that_are_nested_without_end) {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  const auto text = refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + deep + "}}", 4);
  EXPECT_NE(text.find("nested more than 32 deep"), std::string::npos) << text;
}

TEST_F(SafetensorsTest, refuses_what_is_no_file) {
  try {
    SafetensorsFile file(std::filesystem::temp_directory_path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kIo);
  }
}

}  // namespace
}  // namespace allaprima
