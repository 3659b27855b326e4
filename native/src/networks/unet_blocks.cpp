#include "networks/unet_blocks.h"

namespace allaprima::networks {

namespace {

TransformerShape transformer_shape(const UNetUnit::Shape& shape, const UNetWidths& widths) {
  return {shape.out,     shape.heads, widths.text_width,
          widths.groups, shape.depth, widths.linear_projection};
}

/// diffusers names residual blocks and transformers apart: resnets.0, attentions.0.
void visit_units(nn::Visitor& visitor, std::vector<UNetUnit>& units) {
  size_t resnet = 0, attention = 0;
  for (UNetUnit& unit : units) {
    visitor.child("resnets." + std::to_string(resnet++), unit.resnet);
    if (unit.transformer) {
      visitor.child("attentions." + std::to_string(attention++), *unit.transformer);
    }
  }
}

}  // namespace

UNetUnit::UNetUnit(const Shape& shape, const UNetWidths& widths, Slots& slots)
    : resnet({shape.in, shape.out, widths.groups, widths.norm_eps, widths.time_width}),
      resnet_slot_(slots.resnet++),
      cross_slot_(slots.cross) {
  if (shape.depth > 0) {
    transformer.emplace(transformer_shape(shape, widths));
    slots.cross += transformer->depth();
  }
}

Tensor UNetUnit::residual(const nn::Forward& f, const Tensor& x, const StepInputs& step) const {
  return resnet.forward(f, x, step.times.projections[resnet_slot_][step.row]);
}

Tensor UNetUnit::attend(const nn::Forward& f, const Tensor& x, const StepInputs& step) const {
  return transformer ? transformer->forward(f, x, &step.text.cross[cross_slot_]) : x;
}

Tensor UNetUnit::forward(const nn::Forward& f, const Tensor& x, const StepInputs& step) const {
  return attend(f, residual(f, x, step), step);
}

DownBlock::DownBlock(const UNetLevel& level, int64_t in, Resize resize, const UNetWidths& widths,
                     Slots& slots) {
  for (int64_t depth : level.transformer_depths) {
    units.emplace_back(UNetUnit::Shape{in, level.width, level.heads, depth}, widths, slots);
    in = level.width;
  }
  if (resize == Resize::kByTwo) downsampler_.emplace(nn::ConvShape{level.width, level.width, 3, 2});
}

Tensor DownBlock::forward(const nn::Forward& f, Tensor x, const StepInputs& step,
                          Skips& skips) const {
  for (const UNetUnit& unit : units) {
    x = unit.forward(f, x, step);
    skips.push_back(x);
  }
  if (downsampler_) {
    x = downsampler_->forward(x);
    skips.push_back(x);
  }
  return x;
}

void DownBlock::visit(nn::Visitor& visitor) {
  visit_units(visitor, units);
  if (downsampler_) visitor.child("downsamplers.0.conv", *downsampler_);
}

MidBlock::MidBlock(const UNetLevel& level, const std::vector<int64_t>& depths,
                   const UNetWidths& widths, Slots& slots) {
  for (int64_t depth : depths) {
    const UNetUnit::Shape shape{level.width, level.width, level.heads, depth};
    units.emplace_back(shape, widths, slots);
  }
}

Tensor MidBlock::forward(const nn::Forward& f, const Tensor& x, const StepInputs& step) const {
  Tensor h = x;
  for (const UNetUnit& unit : units) h = unit.forward(f, h, step);
  return h;
}

void MidBlock::visit(nn::Visitor& visitor) { visit_units(visitor, units); }

UpBlock::UpBlock(const UNetLevel& level, int64_t in, const std::vector<int64_t>& skips,
                 Resize resize, const UNetWidths& widths, Slots& slots) {
  for (size_t i = 0; i < level.transformer_depths.size(); ++i) {
    const UNetUnit::Shape shape{in + skips[i], level.width, level.heads,
                                level.transformer_depths[i]};
    units.emplace_back(shape, widths, slots);
    in = level.width;
  }
  if (resize == Resize::kByTwo) upsampler_.emplace(nn::ConvShape{level.width, level.width, 3});
}

Tensor UpBlock::forward(const nn::Forward& f, Tensor x, const StepInputs& step,
                        Skips& skips) const {
  for (const UNetUnit& unit : units) {
    x = unit.forward(f, at::cat({x, skips.back()}, 1), step);
    skips.pop_back();
  }
  if (upsampler_) {
    // The next skip gives the size: twice this one's, or one less where halving had rounded up.
    x = upsampler_->forward(at::upsample_nearest2d(x, skips.back().sizes().slice(2)));
  }
  return x;
}

void UpBlock::visit(nn::Visitor& visitor) {
  visit_units(visitor, units);
  if (upsampler_) visitor.child("upsamplers.0.conv", *upsampler_);
}

}  // namespace allaprima::networks
