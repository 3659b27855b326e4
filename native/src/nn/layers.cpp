#include "nn/layers.h"

#include "kernels/onednn.h"

namespace allaprima::nn {

namespace {

std::optional<Tensor> optional(const Tensor& x) {
  return x.defined() ? std::optional<Tensor>(x) : std::nullopt;
}

int64_t bytes_of(const Tensor& x) { return x.defined() ? static_cast<int64_t>(x.nbytes()) : 0; }

int64_t bytes_of(const DenseLinear& s) { return bytes_of(s.weight) + bytes_of(s.bias); }
int64_t bytes_of(const PackedLinear& s) { return s.weight_bytes + bytes_of(s.bias); }
int64_t bytes_of(const Int8Linear& s) { return s.weight.bytes() + bytes_of(s.bias); }
int64_t bytes_of(const Fp8Linear& s) { return s.weight.bytes() + bytes_of(s.bias); }
int64_t bytes_of(const DenseConv& s) { return bytes_of(s.weight) + bytes_of(s.bias); }
int64_t bytes_of(const PackedConv& s) { return s.weight_bytes + bytes_of(s.bias); }
int64_t bytes_of(const LinearConv& s) { return s.linear.bytes(); }

}  // namespace

Tensor DenseLinear::operator()(const Tensor& x) const {
  return at::linear(x, weight, optional(bias));
}

Tensor PackedLinear::operator()(const Tensor& x) const {
  return kernels::packed_linear(x, weight, bias);
}

Tensor Int8Linear::operator()(const Tensor& x) const {
  return kernels::int8_linear(x, weight, bias);
}

Tensor Fp8Linear::operator()(const Tensor& x) const { return kernels::fp8_linear(x, weight, bias); }

Tensor Linear::forward(const Tensor& x) const {
  return std::visit([&](const auto& storage) { return storage(x); }, storage_);
}

int64_t Linear::bytes() const {
  return std::visit([](const auto& storage) { return bytes_of(storage); }, storage_);
}

void Linear::visit(Visitor& visitor) {
  if (!visitor.on_linear(visitor.path(), *this)) return;
  if (auto* dense = std::get_if<DenseLinear>(&storage_)) {
    visitor.tensor("weight", dense->weight, {out_, in_});
    if (has_bias()) visitor.tensor("bias", dense->bias, {out_});
  }
}

Tensor DenseConv::operator()(const Tensor& x, const ConvShape& shape) const {
  return at::conv2d(x, weight, bias, shape.stride, shape.padding());
}

Tensor PackedConv::operator()(const Tensor& x, const ConvShape& shape) const {
  return kernels::packed_conv(x, weight, bias, {shape.stride, shape.padding()});
}

Tensor LinearConv::operator()(const Tensor& x, const ConvShape& shape) const {
  const Tensor pixels =
      shape.stride == 1
          ? x
          : x.slice(2, 0, std::nullopt, shape.stride).slice(3, 0, std::nullopt, shape.stride);
  return linear.forward(pixels.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

Tensor Conv2d::forward(const Tensor& x) const {
  return std::visit([&](const auto& storage) { return storage(x, shape_); }, storage_);
}

int64_t Conv2d::bytes() const {
  return std::visit([](const auto& storage) { return bytes_of(storage); }, storage_);
}

void Conv2d::visit(Visitor& visitor) {
  if (auto* product = std::get_if<LinearConv>(&storage_)) return product->linear.visit(visitor);
  if (!visitor.on_conv(visitor.path(), *this)) return;
  if (auto* dense = std::get_if<DenseConv>(&storage_)) {
    visitor.tensor("weight", dense->weight, {shape_.out, shape_.in, shape_.kernel, shape_.kernel});
    visitor.tensor("bias", dense->bias, {shape_.out});
  }
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
