#include "networks/unet.h"

#include "base/shape.h"

namespace allaprima::networks {

UNet::UNet(const UNetConfig& c)
    : config_(c),
      conv_in_({c.in_channels, c.down.front().width, 3}),
      time_embedding_(c.down.front().width, c.time_width, c.guidance_width),
      add_embedding_(c.added_width, c.time_width),
      conv_norm_out_(c.groups, c.down.front().width, c.norm_eps),
      conv_out_({c.down.front().width, c.out_channels, 3}) {
  const UNetWidths widths{c.time_width, c.text_width, c.groups, c.norm_eps, c.linear_projection};
  Slots slots;
  std::vector<int64_t> skips{c.down.front().width};
  int64_t width = c.down.front().width;
  for (size_t i = 0; i < c.down.size(); ++i) {
    const bool innermost = i + 1 == c.down.size();
    down_blocks_.emplace_back(c.down[i], width, innermost ? Resize::kNone : Resize::kByTwo, widths,
                              slots);
    width = c.down[i].width;
    skips.insert(skips.end(), c.down[i].transformer_depths.size() + (innermost ? 0 : 1), width);
  }
  if (!c.mid_depths.empty()) mid_block_.emplace(c.down.back(), c.mid_depths, widths, slots);
  for (size_t i = 0; i < c.up.size(); ++i) {
    std::vector<int64_t> popped;
    for (size_t unit = 0; unit < c.up[i].transformer_depths.size(); ++unit) {
      popped.push_back(skips.back());
      skips.pop_back();
    }
    const Resize resize = i + 1 == c.up.size() ? Resize::kNone : Resize::kByTwo;
    up_blocks_.emplace_back(c.up[i], width, popped, resize, widths, slots);
    width = c.up[i].width;
  }
}

/// In the order of execution, which is the order of the slots.
template <class Use>
void UNet::each_unit(Use use) const {
  for (const auto& block : down_blocks_) {
    for (const auto& unit : block.units) use(unit);
  }
  if (mid_block_) {
    for (const auto& unit : mid_block_->units) use(unit);
  }
  for (const auto& block : up_blocks_) {
    for (const auto& unit : block.units) use(unit);
  }
}

PreparedText UNet::prepare(const nn::Forward& f, const TextCondition& condition) const {
  const int64_t rows = condition.context.size(0);
  check_shape(condition.context, {rows, -1, config_.text_width}, "text context");
  check_shape(condition.time_ids, {rows, -1}, "time ids");
  const int64_t numbers = condition.time_ids.size(1);
  check_shape(condition.pooled, {rows, config_.pooled_width(numbers)}, "pooled text");
  f.stop.check();
  const Tensor sizes =
      nn::sinusoid(condition.time_ids.flatten(),
                   {config_.size_embedding_width, config_.cosine_first, config_.frequency_shift});
  const Tensor added = at::cat({condition.pooled.to(at::kFloat), sizes.view({rows, -1})}, -1);
  const auto like = condition.pooled.options();
  PreparedText prepared{add_embedding_.forward(added.to(like)), {}, {}};
  if (config_.guidance_width > 0) {
    const Tensor wave =
        nn::guidance_sinusoid(condition.guidance, config_.guidance_width, like.device());
    prepared.guidance = time_embedding_.project(wave.to(like));
  }
  each_unit([&](const UNetUnit& unit) {
    f.stop.check();
    if (unit.transformer) unit.transformer->prepare(condition.context, prepared.cross);
  });
  return prepared;
}

PreparedTimes UNet::prepare(const nn::Forward& f, const PreparedText& text,
                            const Tensor& timesteps) const {
  check_shape(timesteps, {-1}, "timesteps");
  f.stop.check();
  const nn::SinusoidOptions options{config_.down.front().width, config_.cosine_first,
                                    config_.frequency_shift};
  Tensor waves = nn::sinusoid(timesteps, options).to(text.added.scalar_type());
  if (text.guidance.defined()) waves = waves + text.guidance;
  // [S, 1, E] + [B, E]: a row for each timestep and picture.
  const Tensor embedding = time_embedding_.forward(waves).unsqueeze(1) + text.added;
  const Tensor activated = at::silu(embedding);
  PreparedTimes prepared;
  each_unit([&](const UNetUnit& unit) {
    prepared.projections.push_back(unit.resnet.project_time(activated));
  });
  return prepared;
}

Tensor UNet::step(const nn::Forward& f, const Tensor& x, const StepInputs& inputs) const {
  check_shape(x, {-1, config_.in_channels, -1, -1}, "latents");
  Tensor h = stem(x);
  Skips skips{h};
  h = down(f, h, inputs, skips);
  h = middle(f, h, inputs);
  h = up(f, h, inputs, skips);
  return head(f, h);
}

Tensor UNet::down(const nn::Forward& f, Tensor x, const StepInputs& inputs, Skips& skips) const {
  for (const auto& block : down_blocks_) x = block.forward(f, x, inputs, skips);
  return x;
}

Tensor UNet::middle(const nn::Forward& f, const Tensor& x, const StepInputs& inputs) const {
  return mid_block_ ? mid_block_->forward(f, x, inputs) : x;
}

Tensor UNet::up(const nn::Forward& f, Tensor x, const StepInputs& inputs, Skips& skips) const {
  for (const auto& block : up_blocks_) x = block.forward(f, x, inputs, skips);
  return x;
}

Tensor UNet::head(const nn::Forward& f, const Tensor& x) const {
  return conv_out_.forward(conv_norm_out_.forward_silu(f, x));
}

void UNet::visit(nn::Visitor& visitor) {
  visitor.child("conv_in", conv_in_);
  visitor.child("time_embedding", time_embedding_);
  visitor.child("add_embedding", add_embedding_);
  visitor.children("down_blocks", down_blocks_);
  if (mid_block_) visitor.child("mid_block", *mid_block_);
  visitor.children("up_blocks", up_blocks_);
  visitor.child("conv_norm_out", conv_norm_out_);
  visitor.child("conv_out", conv_out_);
}

}  // namespace allaprima::networks
