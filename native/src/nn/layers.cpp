#include "nn/layers.h"

namespace allaprima::nn {

Tensor DenseLinear::operator()(const Tensor& x) const {
  return at::linear(x, weight, bias.defined() ? std::optional<Tensor>(bias) : std::nullopt);
}

Tensor Linear::forward(const Tensor& x) const {
  return std::visit([&](const auto& storage) { return storage(x); }, storage_);
}

void Linear::visit(Visitor& visitor) {
  if (!visitor.on_linear(visitor.path(), *this)) return;
  auto& dense = std::get<DenseLinear>(storage_);
  visitor.tensor("weight", dense.weight, {out_, in_});
  if (has_bias()) visitor.tensor("bias", dense.bias, {out_});
}

Tensor DenseConv::operator()(const Tensor& x, const ConvShape& shape) const {
  return at::conv2d(x, weight, bias, shape.stride, shape.padding());
}

Tensor Conv2d::forward(const Tensor& x) const {
  return std::visit([&](const auto& storage) { return storage(x, shape_); }, storage_);
}

void Conv2d::visit(Visitor& visitor) {
  if (!visitor.on_conv(visitor.path(), *this)) return;
  auto& dense = std::get<DenseConv>(storage_);
  visitor.tensor("weight", dense.weight, {shape_.out, shape_.in, shape_.kernel, shape_.kernel});
  visitor.tensor("bias", dense.bias, {shape_.out});
}

Tensor GroupNorm::forward(const Forward& f, const Tensor& x) const {
  return f.ops.group_norm(x, {weight_, bias_, eps_}, groups_);
}

Tensor GroupNorm::forward_silu(const Forward& f, const Tensor& x) const {
  return f.ops.group_norm_silu(x, {weight_, bias_, eps_}, groups_);
}

void GroupNorm::visit(Visitor& visitor) {
  visitor.tensor("weight", weight_, {channels_});
  visitor.tensor("bias", bias_, {channels_});
}

Tensor LayerNorm::forward(const Forward& f, const Tensor& x) const {
  return f.ops.layer_norm(x, {weight_, bias_, eps_});
}

void LayerNorm::visit(Visitor& visitor) {
  visitor.tensor("weight", weight_, {width_});
  visitor.tensor("bias", bias_, {width_});
}

Tensor Embedding::forward(const Tensor& ids) const { return at::embedding(weight_, ids); }

Tensor Embedding::first(int64_t count) const { return weight_.narrow(0, 0, count); }

void Embedding::visit(Visitor& visitor) { visitor.tensor("weight", weight_, {rows_, width_}); }

}  // namespace allaprima::nn
