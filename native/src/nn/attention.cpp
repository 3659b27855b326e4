#include "nn/attention.h"

namespace allaprima::nn {

SelfAttention::SelfAttention(int64_t width, int64_t heads)
    : heads_(heads),
      to_q(width, width, Bias::kNone),
      to_k(width, width, Bias::kNone),
      to_v(width, width, Bias::kNone),
      to_out(width, width, Bias::kPresent) {}

Tensor SelfAttention::forward(const Forward& f, const Tensor& x) const {
  const Tensor mixed = f.ops.attention(to_q.forward(x), to_k.forward(x), to_v.forward(x), heads_);
  return to_out.forward(mixed);
}

void SelfAttention::visit(Visitor& visitor) {
  visitor.child("to_q", to_q);
  visitor.child("to_k", to_k);
  visitor.child("to_v", to_v);
  visitor.child("to_out.0", to_out);
}

CrossAttention::CrossAttention(int64_t width, int64_t text_width, int64_t heads)
    : heads_(heads),
      to_q(width, width, Bias::kNone),
      to_k(text_width, width, Bias::kNone),
      to_v(text_width, width, Bias::kNone),
      to_out(width, width, Bias::kPresent) {}

KeyValue CrossAttention::key_value(const Tensor& text) const {
  return {to_k.forward(text), to_v.forward(text)};
}

Tensor CrossAttention::forward(const Forward& f, const Tensor& x, const KeyValue& text) const {
  return to_out.forward(f.ops.attention(to_q.forward(x), text.key, text.value, heads_));
}

void CrossAttention::visit(Visitor& visitor) {
  visitor.child("to_q", to_q);
  visitor.child("to_k", to_k);
  visitor.child("to_v", to_v);
  visitor.child("to_out.0", to_out);
}

}  // namespace allaprima::nn
