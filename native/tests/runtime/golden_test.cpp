// Whole generations against diffusers: every golden*.safetensors beside a checkpoint is one case on
// each device.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/device.h"
#include "generation.h"
#include "io/tensors.h"
#include "runtime/initial_noise.h"

namespace allaprima::runtime {
namespace {

/// How far a stage may be from diffusers' on a CPU. diffusers itself moves by up to 2e-6 between
/// two CPUs. On CUDA, cuDNN's convolutions cut their inputs to the ten bits of TF32: doing that to
/// diffusers on a CPU moves these cases by up to 2.3e-3.
double tolerance(DeviceChoice device) { return device == DeviceChoice::kCuda ? 4e-3 : 1e-5; }

struct Case {
  std::filesystem::path golden;
  DeviceChoice device;

  std::string name() const {
    std::string text = golden.parent_path().filename().string() + "_" + golden.stem().string();
    std::replace_if(text.begin(), text.end(), [](char c) { return !std::isalnum(c); }, '_');
    return text + (device == DeviceChoice::kCuda ? "_cuda" : "_cpu");
  }
  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name(); }
};

std::vector<Case> cases() {
  std::vector<std::filesystem::path> files;
  for (const char* root : {ALLAPRIMA_MODELS, ALLAPRIMA_TEST_DATA "/pipelines"}) {
    if (!std::filesystem::exists(root)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("golden") && name.ends_with(".safetensors")) {
        files.push_back(entry.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> all;
  for (const DeviceChoice device : {DeviceChoice::kCpu, DeviceChoice::kCuda}) {
    for (const auto& file : files) all.push_back({file, device});
  }
  return all;
}

class GoldenTest : public testing::TestWithParam<Case> {
 protected:
  GoldenTest() : golden_(GetParam().golden) {}

  void SetUp() override {
    if (GetParam().device != DeviceChoice::kCuda) return;
    const std::string obstacle = why_no_cuda();
    if (!obstacle.empty()) GTEST_SKIP() << obstacle;
  }

  ~GoldenTest() override { std::filesystem::remove_all(scratch_); }

  std::unique_ptr<Pipeline> open(PrecisionChoice precision) const {
    return Pipeline::open({folder(), GetParam().device, 0, precision, text("variant")});
  }

  /// The checkpoint, or one of links to its parts around a scheduler of the case's own.
  std::filesystem::path folder() const {
    const auto model = GetParam().golden.parent_path();
    const auto scheduler = golden_.metadata().find("scheduler");
    if (scheduler == golden_.metadata().end()) return model;
    const auto linked = scratch_ / "model";
    std::filesystem::create_directories(linked / "scheduler");
    for (const auto& part : std::filesystem::directory_iterator(model)) {
      const auto name = part.path().filename();
      if (name != "scheduler") std::filesystem::create_symlink(part.path(), linked / name);
    }
    std::ofstream(linked / "scheduler/scheduler_config.json") << scheduler->second;
    return linked;
  }

  /// Cases whose texts are another's leave the stages of the text out.
  bool has_text() const { return text("without_text").empty(); }

  std::string text(const std::string& key) const {
    const auto found = golden_.metadata().find(key);
    return found == golden_.metadata().end() ? "" : found->second;
  }

  Tensor golden(const std::string& name) const {
    return view_of(golden_.tensors().at(name), name).to(at::kFloat);
  }

  double number(const std::string& key) const { return std::stod(golden_.metadata().at(key)); }

  Request request() const {
    Request r;
    r.prompt = golden_.metadata().at("prompt");
    const auto negative = golden_.metadata().find("negative_prompt");
    if (negative != golden_.metadata().end()) r.negative_prompt = negative->second;
    r.width = static_cast<int64_t>(number("width"));
    r.height = static_cast<int64_t>(number("height"));
    r.steps = static_cast<int64_t>(number("steps"));
    r.images = static_cast<int64_t>(number("images"));
    r.guidance = number("guidance");
    r.prompt_2 = text("prompt_2");
    r.negative_prompt_2 = text("negative_prompt_2");
    if (!text("clip_skip").empty()) r.clip_skip = static_cast<int64_t>(number("clip_skip"));
    if (!text("guidance_rescale").empty()) r.guidance_rescale = number("guidance_rescale");
    r.sizes = sizes("");
    r.negative_sizes = sizes("negative_");
    r.keep_stages = true;
    r.latents = noise_file();
    return r;
  }

  /// Numbers of the text under `key`, two that a comma parts; zeros where there is none.
  std::pair<int64_t, int64_t> two(const std::string& key) const {
    const std::string value = text(key);
    if (value.empty()) return {0, 0};
    return {std::stoll(value), std::stoll(value.substr(value.find(',') + 1))};
  }

  /// Heights stand before widths and tops before lefts, as in diffusers.
  SizeConditioning sizes(const std::string& prefix) const {
    const auto original = two(prefix + "original_size");
    const auto crop = two(prefix + "crops_coords_top_left");
    const auto target = two(prefix + "target_size");
    return {original.second, original.first, crop.second, crop.first, target.second, target.first};
  }

  /// The golden file names its noise "noise"; a request's file names it "latents".
  std::filesystem::path noise_file() const {
    std::filesystem::create_directories(scratch_);
    const auto path = scratch_ / "noise.safetensors";
    save_tensors(path, {{"latents", golden("noise")}}, {});
    return path;
  }

  SafetensorsFile golden_;
  const std::filesystem::path scratch_ =
      std::filesystem::temp_directory_path() / ("allaprima-golden-" + std::to_string(::getpid()));
};

TEST_P(GoldenTest, equals_diffusers_in_fp32_stage_by_stage) {
  const c10::InferenceMode inference;
  const auto pipeline = open(PrecisionChoice::kFp32);
  runtime::Run run(*pipeline, request());
  generate(run);
  for (const char* ids : {"token_ids", "token_ids_2"}) {
    EXPECT_TRUE(!has_text() || at::equal(run.stage(ids), golden(ids))) << ids;
  }
  for (const char* stage :
       {"hidden_states", "hidden_states_2", "pooled", "noise_pred", "latents", "image"}) {
    if (!has_text() && !golden_.tensors().contains(stage)) continue;
    EXPECT_LE(distance(run.stage(stage), golden(stage)), tolerance(GetParam().device)) << stage;
  }
}

TEST_P(GoldenTest, draws_diffusers_noise_from_a_seed) {
  Request r;
  r.seed = 7;
  if (text("seeds") == "7,8") r.seeds = {7, 8};
  const Tensor theirs = golden("seed_noise");
  // Equal to the bit where libtorch runs the same vector instructions.
  EXPECT_LE(distance(initial_noise(r, theirs.sizes()), theirs), 1e-6);
}

// In 16 bits two right answers differ; ours must not be farther from fp32 than diffusers' own is on
// a CPU, with room for what rounds in other places: another device, or a libtorch with another BLAS
// (1.42 times that distance with OpenBLAS, 1.71 with MKL, at most).
TEST_P(GoldenTest, is_as_near_to_fp32_in_16_bits_as_diffusers_is) {
  if (!has_text()) return;  // such a case is in fp32 only
  const c10::InferenceMode inference;
  for (const auto& [precision, suffix] : std::map<PrecisionChoice, std::string>{
           {PrecisionChoice::kBf16, "_bf16"}, {PrecisionChoice::kFp16, "_fp16"}}) {
    if (!golden_.tensors().contains("latents" + suffix)) continue;
    SCOPED_TRACE(suffix);
    const auto pipeline = open(precision);
    runtime::Run run(*pipeline, request());
    generate(run);
    for (const std::string stage : {"latents", "image"}) {
      const double ours = distance(run.stage(stage), golden(stage));
      const double theirs = distance(golden(stage + suffix), golden(stage));
      EXPECT_GT(ours, 1e-5) << stage << ": this is no result of 16 bits";
      EXPECT_LE(ours, 2 * theirs) << stage;
    }
  }
}

TEST(GoldenFiles, are_all_there) { EXPECT_GE(cases().size(), 2u * 72); }

INSTANTIATE_TEST_SUITE_P(, GoldenTest, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name(); });

}  // namespace
}  // namespace allaprima::runtime
