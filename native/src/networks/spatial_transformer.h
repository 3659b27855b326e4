// Transformer blocks over the pixels of a feature map, with cross-attention to the text.
#pragma once

#include <variant>
#include <vector>

#include "nn/attention.h"
#include "nn/feed_forward.h"

namespace allaprima::networks {

struct TransformerShape {
  int64_t width, heads, text_width, groups;
  int64_t depth;
  bool linear_projection;  // else the projections in and out are 1×1 convolutions
};

class TransformerBlock {
 public:
  explicit TransformerBlock(const TransformerShape& shape);

  /// x [B, T, D].
  Tensor forward(const nn::Forward& f, const Tensor& x, const nn::KeyValue& text) const;
  void visit(nn::Visitor& visitor);

  nn::KeyValue key_value(const Tensor& text) const { return attn2.key_value(text); }

 private:
  nn::LayerNorm norm1, norm2, norm3;
  nn::SelfAttention attn1;
  nn::CrossAttention attn2;
  nn::FeedForward ff;
};

class SpatialTransformer {
 public:
  explicit SpatialTransformer(const TransformerShape& shape);

  /// Appends the text's keys and values of each block.
  void prepare(const Tensor& text, std::vector<nn::KeyValue>& prepared) const;
  /// x [B, D, H, W]; `text` points at this transformer's first entry.
  Tensor forward(const nn::Forward& f, const Tensor& x, const nn::KeyValue* text) const;
  void visit(nn::Visitor& visitor);

  size_t depth() const { return transformer_blocks_.size(); }

 private:
  using Projection = std::variant<nn::Linear, nn::Conv2d>;
  static Projection projection(const TransformerShape& shape);
  Tensor blocks(const nn::Forward& f, Tensor tokens, const nn::KeyValue* text) const;

  nn::GroupNorm norm_;
  Projection proj_in_, proj_out_;
  std::vector<TransformerBlock> transformer_blocks_;
};

}  // namespace allaprima::networks
