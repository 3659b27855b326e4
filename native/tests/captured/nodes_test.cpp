// What a captured step is made of, node by node: golden lists, so that a change of it is seen where
// the change is reviewed. ALLAPRIMA_WRITE_GOLDEN=1 writes them anew.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "fake_cuda/fake_cuda.h"
#include "kernels/pinned_attention.h"
#include "network.h"
#include "runtime/decoded_picture.h"

namespace allaprima::runtime {
namespace {

const std::filesystem::path kFullSize = ALLAPRIMA_MODELS "/configs/sdxl-base-1.0";

std::vector<std::string> captured_step(const std::filesystem::path& model, Precision precision,
                                       int64_t side) {
  Network network(model, precision);
  const Inputs inputs(network, 30, side);
  Recordings recordings(kCuda);
  recordings.step(network.denoiser(), inputs.shape, inputs.input());
  return fake_cuda::names(fake_cuda::captured_graph());
}

/// One a line, in order.
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

/// How many of each, the most frequent first.
std::string counted(const std::vector<std::string>& names) {
  std::map<std::string, int> counts;
  for (const std::string& name : names) ++counts[name];
  std::vector<std::pair<std::string, int>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::ostringstream text;
  text << names.size() << " nodes\n";
  for (const auto& [name, count] : rows) text << count << "\t" << name << "\n";
  return text.str();
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = ALLAPRIMA_TEST_DATA "/captured/" + name;
  if (std::getenv("ALLAPRIMA_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << path;
}

class CapturedNodesTest : public testing::Test {
 protected:
  const c10::InferenceMode inference_;
};

TEST_F(CapturedNodesTest, of_the_tiny_model) {
  expect_golden("tiny_step.txt",
                listed(captured_step(ALLAPRIMA_MODELS "/tiny", Precision::kBf16, 8)));
}

TEST_F(CapturedNodesTest, of_sdxl_at_1024) {
  expect_golden("sdxl_1024_step.txt", counted(captured_step(kFullSize, Precision::kBf16, 128)));
  for (const auto& choice : kernels::attention_choices()) {
    if (choice.width == 64) {
      EXPECT_EQ(choice.backend, "flash");
    }
  }
}

TEST_F(CapturedNodesTest, of_the_decoder_at_1024) {
  const Network network(kFullSize);
  const StopFlag stop;
  Recordings recordings(kCuda);
  const Tensor latents =
      at::empty({1, network.vae.config().latent_channels, 128, 128}, at::TensorOptions(kCuda));
  recordings.decode(latents, [&](const Tensor& x) {
    const auto decoded = decode_picture({network.ops, stop}, network.vae, at::kBFloat16,
                                        at::MemoryFormat::ChannelsLast, x);
    return std::vector<Tensor>{decoded.picture, decoded.finite};
  });
  expect_golden("sdxl_1024_decode.txt", counted(fake_cuda::names(fake_cuda::captured_graph())));
  // Its one head is wider than flash and cuDNN take.
  const auto choices = kernels::attention_choices();
  const auto wide = std::find_if(choices.begin(), choices.end(),
                                 [](const auto& choice) { return choice.width == 512; });
  ASSERT_NE(wide, choices.end());
  EXPECT_EQ(wide->backend, "efficient");
}

TEST_F(CapturedNodesTest, of_sdxl_at_1024_in_int8) {
  expect_golden("sdxl_1024_step_int8.txt",
                counted(captured_step(kFullSize, Precision::kInt8, 128)));
}

TEST_F(CapturedNodesTest, of_sdxl_at_1024_in_fp8) {
  expect_golden("sdxl_1024_step_fp8.txt", counted(captured_step(kFullSize, Precision::kFp8, 128)));
}

}  // namespace
}  // namespace allaprima::runtime
