// A UNet whose weights have a place on the fake device and no values: enough to be captured.
#pragma once

#include "base/device_stream.h"
#include "runtime/recordings.h"
#include "transforms/fp8_dynamic.h"
#include "transforms/fuse_qkv.h"
#include "transforms/int8_dynamic.h"
#include "transforms/pack.h"
#include "transforms/swap_conv1x1.h"

namespace allaprima::runtime {

inline const at::Device kCuda(at::kCUDA, 0);

class EmptyWeights : public nn::Visitor {
 public:
  explicit EmptyWeights(at::ScalarType dtype) : dtype_(dtype) {}

 protected:
  void on_tensor(const std::string&, Tensor& tensor, at::IntArrayRef shape) override {
    tensor = at::empty(shape, at::TensorOptions(dtype_).device(kCuda));
  }

 private:
  at::ScalarType dtype_;
};

enum class Precision { kBf16, kInt8, kFp8 };

/// As a compiled pipeline has it, with fused projections.
class Network {
 public:
  explicit Network(const std::filesystem::path& model, Precision precision = Precision::kBf16)
      : unet(networks::UNetConfig::read(model / "unet")),
        vae(networks::VaeConfig::read(model / "vae")) {
    use_own_stream(kCuda);
    EmptyWeights weights(at::kBFloat16);
    unet.visit(weights);
    vae.visit(weights);
    const transforms::Networks both{unet, vae};
    transforms::fuse_qkv(both);
    if (precision == Precision::kInt8) {
      transforms::int8_dynamic(both, linears(), kernels::Int8Scheme::kTutorial);
    }
    if (precision == Precision::kFp8) transforms::fp8_dynamic(both, linears());
    transforms::channels_last(both);
    transforms::swap_all_conv1x1(both);
  }

  Denoiser denoiser() const { return {unet, ops, at::kBFloat16, at::MemoryFormat::ChannelsLast}; }

  networks::UNet unet;
  networks::VaeDecoder vae;
  kernels::Ops ops = kernels::plain_ops();

 private:
  /// What the tutorial's filter takes: all but the smallest and those of the text and the times.
  std::vector<std::string> linears() {
    return transforms::names_where({unet, vae}, [](const transforms::LayerInfo& layer) {
      return layer.kind == transforms::LayerKind::kLinear && layer.name.starts_with("unet.") &&
             layer.in >= 640 && layer.rows == transforms::RowKind::kPixel;
    });
  }
};

/// What a run of this size brings, with values that nobody reads.
class Inputs {
 public:
  Inputs(const Network& network, int64_t steps, int64_t side, int64_t images = 1) {
    const auto& c = network.unet.config();
    const int64_t rows = 2 * images;
    const auto like = at::TensorOptions(at::kBFloat16).device(kCuda);
    const nn::Forward f{network.ops, stop_};
    const networks::TextCondition condition{at::empty({rows, 77, c.text_width}, like),
                                            at::empty({rows, c.pooled_width(6)}, like),
                                            at::empty({rows, 6}, like.dtype(at::kFloat)), 5};
    text_ = network.unet.prepare(f, condition);
    times_ = network.unet.prepare(f, text_, at::empty({steps}, like.dtype(at::kFloat)));
    for (int64_t i = 0; i < steps; ++i) {
      const auto n = static_cast<double>(i);
      table_.rows.push_back({1000 - n * n, 1 / (1 + n), 1 - 0.01 * n, -0.1 * n});
    }
    shape = {images, rows, side, side, 77, false};
    latents = at::empty({images, c.in_channels, side, side}, like.dtype(at::kFloat));
  }

  StepInput input() const { return {text_, times_, table_, 5, 0}; }

  StepShape shape;
  Tensor latents;

 private:
  StopFlag stop_;
  networks::PreparedText text_;
  networks::PreparedTimes times_;
  sampling::StepTable table_{1, {}};
};

}  // namespace allaprima::runtime
