// Multi-head attention of the UNet's transformer blocks, over the tokens themselves or the text.
#pragma once

#include <array>
#include <optional>

#include "nn/layers.h"

namespace allaprima::nn {

/// Keys and values of the text for one cross-attention; they do not change from step to step.
struct KeyValue {
  Tensor key;    // [B, S, D]
  Tensor value;  // [B, S, D]
};

class SelfAttention {
 public:
  /// `bias` of queries, keys and values.
  SelfAttention(int64_t width, int64_t heads, Bias bias = Bias::kNone);

  /// x [B, T, D] to [B, T, D].
  Tensor forward(const Forward& f, const Tensor& x) const;
  void visit(Visitor& visitor);

  /// Queries, keys and values by one product, to_qkv; the three layers are given back.
  void fuse();

 private:
  std::array<Tensor, 3> query_key_value(const Tensor& x) const;

  int64_t heads_;
  Linear to_q, to_k, to_v, to_out;
  std::optional<Linear> to_qkv;
};

class CrossAttention {
 public:
  CrossAttention(int64_t width, int64_t text_width, int64_t heads);

  /// text [B, S, text_width].
  KeyValue key_value(const Tensor& text) const;
  /// x [B, T, D] to [B, T, D].
  Tensor forward(const Forward& f, const Tensor& x, const KeyValue& text) const;
  void visit(Visitor& visitor);

  /// Keys and values by one product, to_kv; the two layers are given back.
  void fuse();

 private:
  int64_t heads_;
  Linear to_q, to_k, to_v, to_out;
  std::optional<Linear> to_kv;
};

}  // namespace allaprima::nn
