// float8 layers in a network: which, how many bytes, and what it then predicts.
#include "transforms/fp8_dynamic.h"

#include <gtest/gtest.h>

#include "base/device.h"
#include "base/error.h"
#include "networks/load.h"
#include "networks/older_names.h"
#include "transforms/fuse_qkv.h"
#include "transforms/int8_dynamic.h"

namespace allaprima::transforms {
namespace {

namespace fs = std::filesystem;

/// The small model that ships, in bf16, on the CPU: there the plain product computes.
class Fp8DynamicTest : public testing::Test {
 protected:
  Fp8DynamicTest() {
    fill(unet_, "unet");
    fill(vae_, "vae");
    fuse_qkv(networks_);
    for (const LayerInfo& layer : list_layers(networks_)) {
      if (layer.kind == LayerKind::kLinear) linears_.push_back(layer.name);
    }
  }

  template <class Network>
  void fill(Network& network, const char* name) {
    Checkpoint checkpoint(find_weights(folder_ / name, "diffusion_pytorch_model", ""));
    if (name == std::string("vae")) networks::accept_older_vae(checkpoint);
    networks::load(network, checkpoint,
                   choose_placement(DeviceChoice::kCpu, 0, PrecisionChoice::kBf16));
  }

  /// For two pictures, the first without text, which is all zeros.
  Tensor predict() const {
    const auto& config = unet_.config();
    at::manual_seed(4);
    const auto random = [](at::IntArrayRef shape) { return at::randn(shape).to(at::kBFloat16); };
    Tensor context = random({2, 77, config.text_width});
    context[0].zero_();
    const networks::TextCondition condition{context, random({2, config.pooled_width(6)}),
                                            at::full({2, 6}, 128.0)};
    const nn::Forward f{kernels::plain_ops(), stop_};
    const auto text = unet_.prepare(f, condition);
    const auto times = unet_.prepare(f, text, at::full({1}, 500.0));
    return unet_.step(f, random({2, 4, 16, 16}), {text, times, 0}).to(at::kFloat);
  }

  const c10::InferenceMode inference_;
  const fs::path folder_ = ALLAPRIMA_MODELS "/emoji";
  networks::UNet unet_{networks::UNetConfig::read(folder_ / "unet")};
  networks::VaeDecoder vae_{networks::VaeConfig::read(folder_ / "vae")};
  const Networks networks_{unet_, vae_};
  std::vector<std::string> linears_;
  StopFlag stop_;
};

TEST_F(Fp8DynamicTest, halves_the_weights_and_predicts_nearly_the_same) {
  const Tensor dense = predict();
  const PlanEntry entry = fp8_dynamic(networks_, linears_);
  EXPECT_EQ(entry.changed + static_cast<int64_t>(entry.skipped.size()),
            static_cast<int64_t>(linears_.size()));
  EXPECT_GT(entry.changed, static_cast<int64_t>(linears_.size()) / 2);
  const auto before = static_cast<double>(entry.bytes_before),
             after = static_cast<double>(entry.bytes_after);
  EXPECT_GT(after, 0.5 * before);  // scales and biases
  EXPECT_LT(after, 0.56 * before);
  const Tensor predicted = predict();
  EXPECT_TRUE(predicted.isfinite().all().item<bool>());
  const double distance = ((predicted - dense).norm() / dense.norm()).item<double>();
  EXPECT_GT(distance, 1e-2);
  EXPECT_LT(distance, 1e-1);
}

TEST_F(Fp8DynamicTest, leaves_to_int8_what_int8_has) {
  std::vector<std::string> some;
  for (size_t i = 0; i < linears_.size(); i += 2) some.push_back(linears_[i]);
  const auto int8 = int8_dynamic(networks_, some, kernels::Int8Scheme::kTutorial);
  const auto fp8 = fp8_dynamic(networks_, linears_);
  EXPECT_GT(int8.changed, 0);
  EXPECT_GT(fp8.changed, 0);
  const auto taken = std::count_if(fp8.skipped.begin(), fp8.skipped.end(),
                                   [](const Skipped& s) { return s.reason == "it is in int8"; });
  EXPECT_EQ(taken, int8.changed);
  EXPECT_TRUE(predict().isfinite().all().item<bool>());
}

TEST_F(Fp8DynamicTest, refuses_a_name_that_is_no_linear_layer) {
  EXPECT_THROW(fp8_dynamic(networks_, {"unet.conv_in"}), Error);
}

TEST(WhyNoFp8, names_what_is_missing) {
  const at::Device cpu = at::kCPU, gpu(at::kCUDA, 1);
  const CudaCard a100{"NVIDIA A100-SXM4-40GB", 8, 0}, l4{"NVIDIA L4", 8, 9},
      h100{"NVIDIA H100 PCIe", 9, 0}, next{"a card to come", 13, 0};
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(why_no_fp8(cpu, at::kBFloat16, {}), "compute capability 8.9"));
  EXPECT_TRUE(has(why_no_fp8(cpu, at::kBFloat16, {}), "this pipeline is on cpu"));
  EXPECT_TRUE(has(why_no_fp8(gpu, at::kBFloat16, {}), "without CUDA"));
  EXPECT_TRUE(has(why_no_fp8(gpu, at::kBFloat16, a100), "cuda:1 is NVIDIA A100-SXM4-40GB of 8.0"));
  for (const CudaCard& card : {l4, h100, next}) {
    EXPECT_EQ(why_no_fp8(gpu, at::kBFloat16, card), "");
    EXPECT_TRUE(has(why_no_fp8(gpu, at::kFloat, card), "this pipeline is in fp32"));
    EXPECT_TRUE(has(why_no_fp8(gpu, at::kHalf, card), "this pipeline is in fp16"));
  }
}

}  // namespace
}  // namespace allaprima::transforms
