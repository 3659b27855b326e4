// Layers with weights. A layer holds one kind of storage; transforms swap it from outside and a
// forward pass never asks which it is.
#pragma once

#include <variant>
#include <vector>

#include "base/torch.h"
#include "kernels/fp8_linear.h"
#include "kernels/int8_linear.h"
#include "kernels/ops.h"
#include "nn/forward.h"
#include "nn/visit.h"

namespace allaprima::nn {

enum class Bias { kNone, kPresent };

/// As the checkpoint has it: weight [out, in], bias [out] or undefined.
struct DenseLinear {
  Tensor weight;
  Tensor bias;
  Tensor operator()(const Tensor& x) const;
};

/// The same numbers in oneDNN's own order, which nothing else can read.
struct PackedLinear {
  Tensor weight;
  Tensor bias;
  int64_t weight_bytes;
  Tensor operator()(const Tensor& x) const;
};

/// int8 weights; activations become int8 row by row, when they come.
struct Int8Linear {
  kernels::Int8Weight weight;
  Tensor bias;  // [out] fp32 or undefined
  Tensor operator()(const Tensor& x) const;
};

/// float8 weights; activations become float8 row by row, when they come.
struct Fp8Linear {
  kernels::Fp8Rows weight;
  Tensor bias;  // [out] as the activations or undefined
  Tensor operator()(const Tensor& x) const;
};

using LinearStorage = std::variant<DenseLinear, PackedLinear, Int8Linear, Fp8Linear>;

class Linear {
 public:
  Linear(int64_t in, int64_t out, Bias bias) : in_(in), out_(out), bias_(bias) {}

  /// x [..., in] to [..., out].
  Tensor forward(const Tensor& x) const;
  void visit(Visitor& visitor);

  int64_t in() const { return in_; }
  int64_t out() const { return out_; }
  bool has_bias() const { return bias_ == Bias::kPresent; }

  /// For transforms.
  LinearStorage& storage() { return storage_; }
  /// Of weight and bias, as they are held.
  int64_t bytes() const;

 private:
  int64_t in_, out_;
  Bias bias_;
  LinearStorage storage_;
};

struct ConvShape {
  int64_t in, out, kernel;
  int64_t stride = 1;
  int64_t padding() const { return kernel / 2; }
};

/// As the checkpoint has it: weight [out, in, kernel, kernel], bias [out].
struct DenseConv {
  Tensor weight;
  Tensor bias;
  Tensor operator()(const Tensor& x, const ConvShape& shape) const;
};

/// The same numbers in oneDNN's own order; maps are channels-last.
struct PackedConv {
  Tensor weight;
  Tensor bias;
  int64_t weight_bytes;
  Tensor operator()(const Tensor& x, const ConvShape& shape) const;
};

/// A 1×1 convolution as a product over the channels of each pixel; maps are channels-last.
struct LinearConv {
  Linear linear;
  Tensor operator()(const Tensor& x, const ConvShape& shape) const;
};

using ConvStorage = std::variant<DenseConv, PackedConv, LinearConv>;

class Conv2d {
 public:
  explicit Conv2d(ConvShape shape) : shape_(shape) {}

  /// x [B, in, H, W] to [B, out, H / stride, W / stride], rounded up.
  Tensor forward(const Tensor& x) const;
  void visit(Visitor& visitor);

  const ConvShape& shape() const { return shape_; }

  /// For transforms.
  ConvStorage& storage() { return storage_; }
  /// Of weight and bias, as they are held.
  int64_t bytes() const;

 private:
  ConvShape shape_;
  ConvStorage storage_;
};

class GroupNorm {
 public:
  GroupNorm(int64_t groups, int64_t channels, double eps)
      : groups_(groups), channels_(channels), eps_(eps) {}

  Tensor forward(const Forward& f, const Tensor& x) const;
  Tensor forward_silu(const Forward& f, const Tensor& x) const;
  void visit(Visitor& visitor);

 private:
  int64_t groups_, channels_;
  double eps_;
  Tensor weight_, bias_;
};

class LayerNorm {
 public:
  LayerNorm(int64_t width, double eps) : width_(width), eps_(eps) {}

  Tensor forward(const Forward& f, const Tensor& x) const;
  void visit(Visitor& visitor);

 private:
  int64_t width_;
  double eps_;
  Tensor weight_, bias_;
};

class Embedding {
 public:
  Embedding(int64_t rows, int64_t width) : rows_(rows), width_(width) {}

  /// ids [B, T] int64, each below rows, to [B, T, width].
  Tensor forward(const Tensor& ids) const;
  /// Rows 0 to count − 1, [count, width].
  Tensor first(int64_t count) const;
  void visit(Visitor& visitor);

 private:
  int64_t rows_, width_;
  Tensor weight_;
};

}  // namespace allaprima::nn
