#include "networks/vae_decoder.h"

#include "base/shape.h"
#include "networks/upsample_conv.h"

namespace allaprima::networks {

namespace {

constexpr double kEps = 1e-6;  // of every norm in AutoencoderKL

/// A number for each channel, as a row of pixels that broadcasts.
Tensor channels(const std::vector<double>& values, const Tensor& like) {
  std::vector<Tensor> rows;  // filled where they are used: a copy would make a GPU wait
  for (double value : values) rows.push_back(at::full({1, 1, 1, 1}, value, like.options()));
  return at::cat(rows, 1);
}

}  // namespace

VaeDecoder::Attention::Attention(int64_t width, int64_t groups)
    : group_norm(groups, width, kEps), attention(width, /*heads=*/1, nn::Bias::kPresent) {}

Tensor VaeDecoder::Attention::forward(const nn::Forward& f, const Tensor& x) const {
  f.stop.check();
  const Tensor tokens = group_norm.forward(f, x).permute({0, 2, 3, 1}).flatten(1, 2);
  const Tensor out = attention.forward(f, tokens).unflatten(1, {x.size(2), x.size(3)});
  return f.ops.add_residual(out.permute({0, 3, 1, 2}), x);
}

void VaeDecoder::Attention::visit(nn::Visitor& visitor) {
  visitor.child("group_norm", group_norm);
  attention.visit(visitor);
}

Tensor VaeDecoder::UpBlock::forward(const nn::Forward& f, Tensor x) const {
  for (const ResnetBlock& resnet : resnets) x = resnet.forward(f, x, Tensor());
  return upsampler ? upsample_conv(f, *upsampler, x) : x;
}

void VaeDecoder::UpBlock::visit(nn::Visitor& visitor) {
  visitor.children("resnets", resnets);
  if (upsampler) visitor.child("upsamplers.0.conv", *upsampler);
}

VaeDecoder::VaeDecoder(const VaeConfig& c)
    : config_(c),
      conv_in_({c.latent_channels, c.widths.back(), 3}),
      mid_resnets_(2, ResnetBlock({c.widths.back(), c.widths.back(), c.groups, kEps})),
      conv_norm_out_(c.groups, c.widths.front(), kEps),
      conv_out_({c.widths.front(), c.out_channels, 3}) {
  if (c.post_quant_conv) {
    post_quant_conv_.emplace(nn::ConvShape{c.latent_channels, c.latent_channels, 1});
  }
  if (c.mid_attention) mid_attention_.emplace(c.widths.back(), c.groups);
  int64_t in = c.widths.back();
  for (size_t i = c.widths.size(); i-- > 0;) {
    UpBlock block;
    for (int64_t layer = 0; layer <= c.layers_per_block; ++layer) {
      block.resnets.push_back(ResnetBlock({in, c.widths[i], c.groups, kEps}));
      in = c.widths[i];
    }
    if (i > 0) block.upsampler.emplace(nn::ConvShape{in, in, 3});
    up_blocks_.push_back(std::move(block));
  }
}

Tensor VaeDecoder::unscale(const Tensor& latents) const {
  if (config_.latents_std.empty()) return latents / config_.scaling_factor;
  return latents * channels(config_.latents_std, latents) / config_.scaling_factor +
         channels(config_.latents_mean, latents);
}

Tensor VaeDecoder::decode(const nn::Forward& f, const Tensor& latents) const {
  check_shape(latents, {-1, config_.latent_channels, -1, -1}, "latents");
  Tensor x = unscale(latents);
  if (post_quant_conv_) x = post_quant_conv_->forward(x);
  x = mid_resnets_[0].forward(f, conv_in_.forward(x), Tensor());
  if (mid_attention_) x = mid_attention_->forward(f, x);
  x = mid_resnets_[1].forward(f, x, Tensor());
  for (const UpBlock& block : up_blocks_) x = block.forward(f, x);
  f.stop.check();
  return conv_out_.forward(conv_norm_out_.forward_silu(f, x));
}

void VaeDecoder::visit(nn::Visitor& visitor) {
  if (post_quant_conv_) visitor.child("post_quant_conv", *post_quant_conv_);
  visitor.child("decoder.conv_in", conv_in_);
  visitor.children("decoder.mid_block.resnets", mid_resnets_);
  if (mid_attention_) visitor.child("decoder.mid_block.attentions.0", *mid_attention_);
  visitor.children("decoder.up_blocks", up_blocks_);
  visitor.child("decoder.conv_norm_out", conv_norm_out_);
  visitor.child("decoder.conv_out", conv_out_);
}

}  // namespace allaprima::networks
