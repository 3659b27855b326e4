// Whole generations against diffusers: every golden*.safetensors beside a checkpoint is one case.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/device.h"
#include "io/checkpoint.h"
#include "runtime/run.h"

namespace allaprima::runtime {
namespace {

// diffusers itself moves by up to 2e-6 between two CPUs.
constexpr double kTolerance = 1e-5;

std::vector<std::filesystem::path> golden_files() {
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
  return files;
}

class GoldenTest : public testing::TestWithParam<std::filesystem::path> {
 protected:
  GoldenTest() : golden_(GetParam()) {}

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
  const auto pipeline =
      Pipeline::open({GetParam().parent_path(), DeviceChoice::kCpu, 0, PrecisionChoice::kFp32});
  runtime::Run run(*pipeline, request());
  generate(run);
  EXPECT_TRUE(at::equal(run.stage("token_ids"), golden("token_ids")));
  EXPECT_TRUE(at::equal(run.stage("token_ids_2"), golden("token_ids_2")));
  for (const char* stage :
       {"hidden_states", "hidden_states_2", "pooled", "noise_pred", "latents", "image"}) {
    EXPECT_LE(distance(run.stage(stage), golden(stage)), kTolerance) << stage;
  }
}

// In bf16 two right answers differ; ours must not be farther from fp32 than diffusers' own is.
TEST_P(GoldenTest, is_as_near_to_fp32_in_bf16_as_diffusers_is) {
  const c10::InferenceMode inference;
  const auto pipeline =
      Pipeline::open({GetParam().parent_path(), DeviceChoice::kCpu, 0, PrecisionChoice::kBf16});
  runtime::Run run(*pipeline, request());
  generate(run);
  const double ours = distance(run.stage("latents"), golden("latents"));
  const double theirs = distance(golden("latents_bf16"), golden("latents"));
  EXPECT_GT(ours, 1e-5) << "this is no bf16 result";
  EXPECT_LE(ours, 1.5 * theirs);
}

INSTANTIATE_TEST_SUITE_P(, GoldenTest, testing::ValuesIn(golden_files()), [](const auto& info) {
  const auto& path = info.param;
  std::string name = path.parent_path().filename().string() + "_" + path.stem().string();
  std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

}  // namespace
}  // namespace allaprima::runtime
