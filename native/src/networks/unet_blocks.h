// The levels of the UNet: down, middle, up. Each knows where its entries lie in what was prepared.
#pragma once

#include <optional>
#include <vector>

#include "networks/config.h"
#include "networks/resnet_block.h"
#include "networks/spatial_transformer.h"

namespace allaprima::networks {

/// Everything that does not change while the latents do: see UNet::prepare.
struct PreparedText {
  Tensor added;                     // [B, E], the embedding of size and pooled text
  Tensor guidance;                  // [1, W], added to the sinusoid of the timestep, or undefined
  std::vector<nn::KeyValue> cross;  // an entry for each cross-attention, in order of execution
};
struct PreparedTimes {
  std::vector<Tensor> projections;  // [S, B, C] for each residual block, S timesteps
};

/// One step's share of it.
struct StepInputs {
  const PreparedText& text;
  const PreparedTimes& times;
  int64_t row;
};

/// Counts residual blocks and cross-attentions while a UNet is built, so that each finds its entry.
struct Slots {
  size_t resnet = 0;
  size_t cross = 0;
};

struct UNetWidths {
  int64_t time_width, text_width, groups;
  double norm_eps;
  bool linear_projection;
};

/// A residual block and the transformer behind it, where there is one.
class UNetUnit {
 public:
  struct Shape {
    int64_t in, out, heads, depth;  // depth 0: no transformer
  };
  UNetUnit(const Shape& shape, const UNetWidths& widths, Slots& slots);

  Tensor forward(const nn::Forward& f, const Tensor& x, const StepInputs& step) const;
  Tensor residual(const nn::Forward& f, const Tensor& x, const StepInputs& step) const;
  Tensor attend(const nn::Forward& f, const Tensor& x, const StepInputs& step) const;

  ResnetBlock resnet;
  std::optional<SpatialTransformer> transformer;

 private:
  size_t resnet_slot_, cross_slot_;
};

using Skips = std::vector<Tensor>;

/// Whether a level ends in a change of size: all but the innermost do on the way down, all but the
/// outermost on the way up.
enum class Resize { kNone, kByTwo };

class DownBlock {
 public:
  DownBlock(const UNetLevel& level, int64_t in, Resize resize, const UNetWidths& widths,
            Slots& slots);

  /// Pushes the result of every unit, and of the downsampling.
  Tensor forward(const nn::Forward& f, Tensor x, const StepInputs& step, Skips& skips) const;
  void visit(nn::Visitor& visitor);

  std::vector<UNetUnit> units;

 private:
  std::optional<nn::Conv2d> downsampler_;
};

class MidBlock {
 public:
  /// `level` is the innermost one, `depths` belong to the middle.
  MidBlock(const UNetLevel& level, const std::vector<int64_t>& depths, const UNetWidths& widths,
           Slots& slots);

  Tensor forward(const nn::Forward& f, const Tensor& x, const StepInputs& step) const;
  void visit(nn::Visitor& visitor);

  std::vector<UNetUnit> units;
};

class UpBlock {
 public:
  /// `skips` are the widths that each unit pops, in order; `in` is the width from below.
  UpBlock(const UNetLevel& level, int64_t in, const std::vector<int64_t>& skips, Resize resize,
          const UNetWidths& widths, Slots& slots);

  /// Pops a skip for every unit.
  Tensor forward(const nn::Forward& f, Tensor x, const StepInputs& step, Skips& skips) const;
  void visit(nn::Visitor& visitor);

  std::vector<UNetUnit> units;

 private:
  std::optional<nn::Conv2d> upsampler_;
};

}  // namespace allaprima::networks
