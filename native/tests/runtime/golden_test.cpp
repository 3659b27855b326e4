// Whole generations against diffusers: every golden*.safetensors beside a checkpoint is one case on
// each device.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/device.h"
#include "io/checkpoint.h"
#include "runtime/initial_noise.h"
#include "runtime/run.h"

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

  std::unique_ptr<Pipeline> open(PrecisionChoice precision) const {
    return Pipeline::open({GetParam().golden.parent_path(), GetParam().device, 0, precision});
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
    r.keep_stages = true;
    r.latents = noise_file();
    return r;
  }

  /// The golden file names its noise "noise"; a request's file names it "latents".
  std::filesystem::path noise_file() const {
    const auto path = std::filesystem::temp_directory_path() /
                      ("allaprima-noise-" + std::to_string(::getpid()) + ".safetensors");
    save_tensors(path, {{"latents", golden("noise")}}, {});
    return path;
  }

  SafetensorsFile golden_;
};

double distance(const Tensor& ours, const Tensor& theirs) {
  if (ours.sizes() != theirs.sizes()) return INFINITY;
  const Tensor a = ours.to(at::kDouble), b = theirs.to(at::kDouble);
  const double gap = (a - b).norm().item<double>();
  return gap == 0 ? 0 : gap / b.norm().item<double>();
}

void generate(Run& run) {
  for (int64_t i = 0; i < run.request().steps; ++i) run.step();
  std::vector<uint8_t> rgb(static_cast<size_t>(run.rgb_bytes()));
  run.finish(rgb);
}

TEST_P(GoldenTest, equals_diffusers_in_fp32_stage_by_stage) {
  const c10::InferenceMode inference;
  const auto pipeline = open(PrecisionChoice::kFp32);
  runtime::Run run(*pipeline, request());
  generate(run);
  EXPECT_TRUE(at::equal(run.stage("token_ids"), golden("token_ids")));
  EXPECT_TRUE(at::equal(run.stage("token_ids_2"), golden("token_ids_2")));
  for (const char* stage :
       {"hidden_states", "hidden_states_2", "pooled", "noise_pred", "latents", "image"}) {
    EXPECT_LE(distance(run.stage(stage), golden(stage)), tolerance(GetParam().device)) << stage;
  }
}

TEST_P(GoldenTest, draws_diffusers_noise_from_a_seed) {
  Request r;
  r.seed = 7;
  const Tensor theirs = golden("seed_noise");
  // Equal to the bit where libtorch runs the same vector instructions.
  EXPECT_LE(distance(initial_noise(r, theirs.sizes()), theirs), 1e-6);
}

// In bf16 two right answers differ; ours must not be farther from fp32 than diffusers' own is on a
// CPU. Another device rounds in other places: it is given more room.
TEST_P(GoldenTest, is_as_near_to_fp32_in_bf16_as_diffusers_is) {
  const c10::InferenceMode inference;
  const auto pipeline = open(PrecisionChoice::kBf16);
  runtime::Run run(*pipeline, request());
  generate(run);
  const double ours = distance(run.stage("latents"), golden("latents"));
  const double theirs = distance(golden("latents_bf16"), golden("latents"));
  EXPECT_GT(ours, 1e-5) << "this is no bf16 result";
  EXPECT_LE(ours, (GetParam().device == DeviceChoice::kCuda ? 2 : 1.5) * theirs);
}

TEST(GoldenFiles, are_all_there) { EXPECT_GE(cases().size(), 2u * 51); }

INSTANTIATE_TEST_SUITE_P(, GoldenTest, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name(); });

}  // namespace
}  // namespace allaprima::runtime
