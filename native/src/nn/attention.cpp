#include "nn/attention.h"

namespace allaprima::nn {

namespace {

/// One layer that gives the outputs of all of them, in order; they are emptied.
Linear joined(std::initializer_list<Linear*> layers) {
  std::vector<Tensor> weights, biases;
  int64_t out = 0;
  for (Linear* layer : layers) {
    auto& dense = std::get<DenseLinear>(layer->storage());
    weights.push_back(std::move(dense.weight));
    if (layer->has_bias()) biases.push_back(std::move(dense.bias));
    out += layer->out();
    dense = {};
  }
  Linear result((*layers.begin())->in(), out, biases.empty() ? Bias::kNone : Bias::kPresent);
  auto& dense = std::get<DenseLinear>(result.storage());
  dense.weight = at::cat(weights);
  if (!biases.empty()) dense.bias = at::cat(biases);
  return result;
}

}  // namespace

SelfAttention::SelfAttention(int64_t width, int64_t heads, Bias bias)
    : heads_(heads),
      to_q(width, width, bias),
      to_k(width, width, bias),
      to_v(width, width, bias),
      to_out(width, width, Bias::kPresent) {}

std::array<Tensor, 3> SelfAttention::query_key_value(const Tensor& x) const {
  if (!to_qkv) return {to_q.forward(x), to_k.forward(x), to_v.forward(x)};
  const auto parts = to_qkv->forward(x).chunk(3, -1);
  return {parts[0], parts[1], parts[2]};
}

Tensor SelfAttention::forward(const Forward& f, const Tensor& x) const {
  const auto [query, key, value] = query_key_value(x);
  return to_out.forward(f.ops.attention(query, key, value, heads_));
}

void SelfAttention::fuse() {
  if (!to_qkv) to_qkv = joined({&to_q, &to_k, &to_v});
}

void SelfAttention::visit(Visitor& visitor) {
  visitor.on_attention(*this);
  if (to_qkv) {
    visitor.child("to_qkv", *to_qkv);
  } else {
    visitor.child("to_q", to_q);
    visitor.child("to_k", to_k);
    visitor.child("to_v", to_v);
  }
  visitor.child("to_out.0", to_out);
}

CrossAttention::CrossAttention(int64_t width, int64_t text_width, int64_t heads)
    : heads_(heads),
      to_q(width, width, Bias::kNone),
      to_k(text_width, width, Bias::kNone),
      to_v(text_width, width, Bias::kNone),
      to_out(width, width, Bias::kPresent) {}

KeyValue CrossAttention::key_value(const Tensor& text) const {
  if (!to_kv) return {to_k.forward(text), to_v.forward(text)};
  const auto parts = to_kv->forward(text).chunk(2, -1);
  return {parts[0], parts[1]};
}

Tensor CrossAttention::forward(const Forward& f, const Tensor& x, const KeyValue& text) const {
  return to_out.forward(f.ops.attention(to_q.forward(x), text.key, text.value, heads_));
}

void CrossAttention::fuse() {
  if (!to_kv) to_kv = joined({&to_k, &to_v});
}

void CrossAttention::visit(Visitor& visitor) {
  visitor.on_attention(*this);
  visitor.child("to_q", to_q);
  if (to_kv) {
    visitor.child("to_kv", *to_kv);
  } else {
    visitor.child("to_k", to_k);
    visitor.child("to_v", to_v);
  }
  visitor.child("to_out.0", to_out);
}

}  // namespace allaprima::nn
