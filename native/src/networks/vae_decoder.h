// The decoder of AutoencoderKL: latents to pictures.
#pragma once

#include <optional>
#include <vector>

#include "networks/config.h"
#include "networks/resnet_block.h"
#include "nn/attention.h"

namespace allaprima::networks {

class VaeDecoder {
 public:
  explicit VaeDecoder(const VaeConfig& config);

  /// latents [B, C, h, w] as the denoiser leaves them, to RGB [B, 3, h·factor, w·factor], about
  /// −1 to 1, in the precision of the weights.
  Tensor decode(const nn::Forward& f, const Tensor& latents) const;
  void visit(nn::Visitor& visitor);

  const VaeConfig& config() const { return config_; }

 private:
  /// One head as wide as the map.
  struct Attention {
    Attention(int64_t width, int64_t groups);
    Tensor forward(const nn::Forward& f, const Tensor& x) const;
    void visit(nn::Visitor& visitor);

    nn::GroupNorm group_norm;
    nn::SelfAttention attention;
  };
  struct UpBlock {
    Tensor forward(const nn::Forward& f, Tensor x) const;
    void visit(nn::Visitor& visitor);

    std::vector<ResnetBlock> resnets;
    std::optional<nn::Conv2d> upsampler;
  };

  /// Back to the range that the decoder was trained on.
  Tensor unscale(const Tensor& latents) const;

  VaeConfig config_;
  std::optional<nn::Conv2d> post_quant_conv_;
  nn::Conv2d conv_in_;
  std::vector<ResnetBlock> mid_resnets_;
  std::optional<Attention> mid_attention_;
  std::vector<UpBlock> up_blocks_;
  nn::GroupNorm conv_norm_out_;
  nn::Conv2d conv_out_;
};

}  // namespace allaprima::networks
