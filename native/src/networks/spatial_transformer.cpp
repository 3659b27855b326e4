#include "networks/spatial_transformer.h"

namespace allaprima::networks {

namespace {

constexpr double kLayerNormEps = 1e-5;
constexpr double kGroupNormEps = 1e-6;  // fixed in diffusers, whatever norm_eps says

/// [B, D, H, W] to [B, H·W, D]; free of copies when x is channels-last.
Tensor to_tokens(const Tensor& x) { return x.permute({0, 2, 3, 1}).flatten(1, 2); }

/// The way back; the result is channels-last in memory.
Tensor to_map(const Tensor& tokens, const Tensor& like) {
  return tokens.unflatten(1, {like.size(2), like.size(3)}).permute({0, 3, 1, 2});
}

}  // namespace

TransformerBlock::TransformerBlock(const TransformerShape& s)
    : norm1(s.width, kLayerNormEps),
      norm2(s.width, kLayerNormEps),
      norm3(s.width, kLayerNormEps),
      attn1(s.width, s.heads),
      attn2(s.width, s.text_width, s.heads),
      ff(s.width) {}

Tensor TransformerBlock::forward(const nn::Forward& f, const Tensor& x,
                                 const nn::KeyValue& text) const {
  f.stop.check();
  Tensor h = f.ops.add_residual(attn1.forward(f, norm1.forward(f, x)), x);
  h = f.ops.add_residual(attn2.forward(f, norm2.forward(f, h), text), h);
  return f.ops.add_residual(ff.forward(f, norm3.forward(f, h)), h);
}

void TransformerBlock::visit(nn::Visitor& visitor) {
  visitor.child("norm1", norm1);
  visitor.child("attn1", attn1);
  visitor.child("norm2", norm2);
  visitor.child("attn2", attn2);
  visitor.child("norm3", norm3);
  visitor.child("ff", ff);
}

SpatialTransformer::SpatialTransformer(const TransformerShape& shape)
    : norm_(shape.groups, shape.width, kGroupNormEps),
      proj_in_(projection(shape)),
      proj_out_(projection(shape)),
      transformer_blocks_(static_cast<size_t>(shape.depth), TransformerBlock(shape)) {}

SpatialTransformer::Projection SpatialTransformer::projection(const TransformerShape& shape) {
  if (shape.linear_projection) return nn::Linear(shape.width, shape.width, nn::Bias::kPresent);
  return nn::Conv2d({shape.width, shape.width, 1});
}

void SpatialTransformer::prepare(const Tensor& text, std::vector<nn::KeyValue>& prepared) const {
  for (const auto& block : transformer_blocks_) prepared.push_back(block.key_value(text));
}

Tensor SpatialTransformer::blocks(const nn::Forward& f, Tensor tokens,
                                  const nn::KeyValue* text) const {
  for (const auto& block : transformer_blocks_) tokens = block.forward(f, tokens, *text++);
  return tokens;
}

Tensor SpatialTransformer::forward(const nn::Forward& f, const Tensor& x,
                                   const nn::KeyValue* text) const {
  const Tensor normed = norm_.forward(f, x);
  if (const auto* in = std::get_if<nn::Linear>(&proj_in_)) {
    const Tensor tokens = blocks(f, in->forward(to_tokens(normed)), text);
    return f.ops.add_residual(to_map(std::get<nn::Linear>(proj_out_).forward(tokens), x), x);
  }
  const Tensor in = std::get<nn::Conv2d>(proj_in_).forward(normed);
  const Tensor tokens = blocks(f, to_tokens(in), text);
  return f.ops.add_residual(std::get<nn::Conv2d>(proj_out_).forward(to_map(tokens, x)), x);
}

void SpatialTransformer::visit(nn::Visitor& visitor) {
  const auto visit_projection = [&](const char* name, Projection& projection) {
    std::visit([&](auto& layer) { visitor.child(name, layer); }, projection);
  };
  visitor.child("norm", norm_);
  visit_projection("proj_in", proj_in_);
  visitor.children("transformer_blocks", transformer_blocks_);
  visit_projection("proj_out", proj_out_);
}

}  // namespace allaprima::networks
