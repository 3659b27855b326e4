// Inspecting finds what loading refuses, all of it, and reads no weight.
#include "runtime/inspect.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>

#include "bad_models.h"

namespace allaprima::runtime {
namespace {

namespace fs = std::filesystem;

std::string messages(const Json& inspected) {
  std::string text;
  for (const Json& problem : inspected["problems"]) {
    text += problem["message"].get<std::string>() + "\n";
  }
  return text;
}

const Json& component(const Json& inspected, const std::string& name) {
  for (const Json& about : inspected["components"]) {
    if (about["name"] == name) return about;
  }
  throw std::runtime_error("no component " + name);
}

TEST(InspectTest, finds_the_fault_of_every_bad_model) {
  for (const BadModel& bad : bad_models()) {
    SCOPED_TRACE(bad.name);
    const ModelCopy model;
    bad.damage(model);
    if (bad.code == Code::kInvalidArgument) {
      EXPECT_THROW(inspect(model.folder(), bad.options.variant), Error);
      continue;
    }
    const Json inspected = inspect(model.folder(), bad.options.variant);
    EXPECT_EQ(inspected["loads"], false);
    expect_says(messages(inspected), bad.says);
  }
}

TEST(InspectTest, finds_all_faults_at_once) {
  const ModelCopy model;
  model.change("unet/config.json", "act_fn", "gelu");
  model.change("unet/config.json", "class_embed_type", "timestep");
  model.change("scheduler/scheduler_config.json", "timestep_spacing", "random");
  model.change("tokenizer/tokenizer_config.json", "model_max_length", 100);
  model.write(kVae, "cut");
  model.rewrite("text_encoder/model.safetensors", [](auto& tensors) { tensors.pop_back(); });
  fs::remove_all(model / "text_encoder_2");
  const Json inspected = inspect(model.folder(), "");
  EXPECT_EQ(inspected["problems"].size(), 6u) << messages(inspected);
  expect_says(messages(inspected),
              {"'act_fn'", "'class_embed_type'", "timestep_spacing 'random'", "too short",
               "1 missing:", "text_encoder_2: there is no such folder"});
}

TEST(InspectTest, names_every_damaged_and_every_missing_shard) {
  const fs::path source = ALLAPRIMA_TEST_DATA "/pipelines/d";
  const ModelCopy model(source);
  const std::string shard = "unet/diffusion_pytorch_model.fp16-0000";
  model.write(shard + "1-of-00002.safetensors", "cut");
  model.write(shard + "2-of-00002.safetensors", "cut");
  fs::remove(model / "text_encoder_2/model.fp16-00001-of-00002.safetensors");
  fs::remove(model / "text_encoder_2/model.fp16-00002-of-00002.safetensors");
  expect_says(
      messages(inspect(model.folder(), "fp16")),
      {"fp16-00001-of-00002.safetensors: 3 bytes", "fp16-00002-of-00002.safetensors: 3 bytes",
       "model.fp16-00001-of-00002.safetensors, ",
       "model.fp16-00002-of-00002.safetensors: there is no such file"});
}

TEST(InspectTest, agrees_with_what_is_loaded) {
  std::vector<fs::path> models{ALLAPRIMA_MODELS "/tiny", ALLAPRIMA_MODELS "/emoji"};
  for (const auto& entry : fs::directory_iterator(ALLAPRIMA_TEST_DATA "/pipelines")) {
    models.push_back(entry.path());
  }
  for (const fs::path& model : models) {
    SCOPED_TRACE(model);
    const Json inspected = inspect(model, "");
    EXPECT_EQ(inspected["loads"], true) << messages(inspected);
    const auto pipeline = Pipeline::open({model, DeviceChoice::kCpu, 0, PrecisionChoice::kFp32});
    const Json info = pipeline->info();
    EXPECT_EQ(inspected["size"], info["width"]);
    EXPECT_EQ(inspected["steps"], info["steps"]);
    EXPECT_EQ(inspected["guidance"], info["guidance"]);
    for (const auto& [name, parameters] : info["parameters"].items()) {
      EXPECT_EQ(component(inspected, name)["parameters"], parameters) << name;
      EXPECT_EQ(component(inspected, name)["variant"], info["weights"][name]["variant"]) << name;
    }
  }
}

TEST(InspectTest, tells_files_types_and_variants) {
  const fs::path model = ALLAPRIMA_TEST_DATA "/pipelines/d";
  const Json inspected = inspect(model, "fp16");
  const Json& text = component(inspected, "text_encoder");
  EXPECT_EQ(text["class"], "CLIPTextModel");
  EXPECT_EQ(text["files"], Json({"model.fp16.safetensors"}));
  EXPECT_EQ(text["variants"], Json({"", "fp16"}));
  EXPECT_EQ(text["bytes"], fs::file_size(model / "text_encoder/model.fp16.safetensors"));
  const SafetensorsFile file(model / "text_encoder/model.fp16.safetensors");
  EXPECT_EQ(text["dtypes"], Json({{"F16", file.tensors().size()}}));
  EXPECT_EQ(component(inspected, "text_encoder_2")["files"].size(), 2u);
  EXPECT_EQ(inspected["scheduler"]["class"], "EulerDiscreteScheduler");
  EXPECT_EQ(inspected["scheduler"]["options"],
            read_json(model / "scheduler/scheduler_config.json"));
  EXPECT_EQ(inspected["tokenizers"].size(), 2u);
  EXPECT_EQ(inspected["tokenizers"][0]["length"], 77);
}

TEST(InspectTest, advice_about_variants_leads_somewhere) {
  const ModelCopy model;
  fs::rename(model / kUnet, model / "unet/diffusion_pytorch_model.fp16.safetensors");
  fs::rename(model / kVae, model / "vae/diffusion_pytorch_model.bf16.safetensors");
  for (const char* variant : {"fp16", "bf16"}) {
    const Json inspected = inspect(model.folder(), variant);
    EXPECT_EQ(inspected["problems"].size(), 1u);
    expect_says(messages(inspected), {"without a variant"});
  }
  EXPECT_EQ(inspect(model.folder(), "")["loads"], true);
  Pipeline::open({model.folder(), DeviceChoice::kCpu, 0, PrecisionChoice::kFp32});
}

/// The share of a file's pages that are in memory.
double resident(const fs::path& path) {
  const size_t size = fs::file_size(path), page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const int file = ::open(path.c_str(), O_RDONLY);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  std::vector<unsigned char> pages((size + page - 1) / page);
  EXPECT_EQ(::mincore(data, size, pages.data()), 0);
  ::munmap(data, size);
  const auto held = std::count_if(pages.begin(), pages.end(), [](auto p) { return p & 1; });
  return static_cast<double>(held) / static_cast<double>(pages.size());
}

// The file's data is a hole, of which nothing is in memory until it is read.
TEST(InspectTest, reads_no_weight) {
  const ModelCopy model(ALLAPRIMA_MODELS "/emoji");
  const fs::path file = model / kUnet;
  const auto size = fs::file_size(file);
  uint64_t length = 0;
  std::string start(8, '\0');
  {
    std::ifstream stream(file, std::ios::binary);
    stream.read(start.data(), 8);
    std::memcpy(&length, start.data(), 8);
    start.resize(8 + length);
    stream.read(start.data() + 8, static_cast<std::streamsize>(length));
  }
  fs::remove(file);
  model.write(kUnet, start);
  fs::resize_file(file, size);
  ASSERT_LT(resident(file), 0.2);
  EXPECT_EQ(inspect(model.folder(), "")["loads"], true);
  EXPECT_LT(resident(file), 0.5);
  Pipeline::open({model.folder(), DeviceChoice::kCpu, 0, PrecisionChoice::kFp32});
  EXPECT_GT(resident(file), 0.9);
}

}  // namespace
}  // namespace allaprima::runtime
