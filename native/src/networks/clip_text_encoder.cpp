#include "networks/clip_text_encoder.h"

#include "base/shape.h"

namespace allaprima::networks {

using nn::Bias;

namespace {

// Checkpoints of before 2023 carry this wrong id; transformers then takes the largest id instead.
constexpr int64_t kHistoricEndToken = 2;

}  // namespace

ClipTextEncoder::Layer::Layer(const ClipTextConfig& c)
    : heads(c.heads),
      quick_gelu(c.quick_gelu),
      layer_norm1(c.width, c.norm_eps),
      layer_norm2(c.width, c.norm_eps),
      q_proj(c.width, c.width, Bias::kPresent),
      k_proj(c.width, c.width, Bias::kPresent),
      v_proj(c.width, c.width, Bias::kPresent),
      out_proj(c.width, c.width, Bias::kPresent),
      fc1(c.width, c.feed_forward, Bias::kPresent),
      fc2(c.feed_forward, c.width, Bias::kPresent) {}

Tensor ClipTextEncoder::Layer::forward(const nn::Forward& f, const Tensor& x) const {
  const Tensor normed = layer_norm1.forward(f, x);
  const Tensor mixed = f.ops.causal_attention(q_proj.forward(normed), k_proj.forward(normed),
                                              v_proj.forward(normed), heads);
  const Tensor attended = f.ops.add_residual(out_proj.forward(mixed), x);
  const Tensor wide = fc1.forward(layer_norm2.forward(f, attended));
  const Tensor active = quick_gelu ? wide * at::sigmoid(wide * 1.702) : at::gelu(wide);
  return f.ops.add_residual(fc2.forward(active), attended);
}

void ClipTextEncoder::Layer::visit(nn::Visitor& visitor) {
  visitor.child("self_attn.q_proj", q_proj);
  visitor.child("self_attn.k_proj", k_proj);
  visitor.child("self_attn.v_proj", v_proj);
  visitor.child("self_attn.out_proj", out_proj);
  visitor.child("layer_norm1", layer_norm1);
  visitor.child("layer_norm2", layer_norm2);
  visitor.child("mlp.fc1", fc1);
  visitor.child("mlp.fc2", fc2);
}

ClipTextEncoder::ClipTextEncoder(const ClipTextConfig& config)
    : config_(config),
      token_embedding_(config.vocabulary, config.width),
      position_embedding_(config.positions, config.width),
      layers_(static_cast<size_t>(config.layers), Layer(config)),
      final_layer_norm_(config.width, config.norm_eps) {
  if (config.projection > 0) text_projection_.emplace(config.width, config.projection, Bias::kNone);
}

EncodedText ClipTextEncoder::encode(const nn::Forward& f, const Tensor& ids,
                                    int64_t clip_skip) const {
  check_shape(ids, {-1, -1}, "token ids");
  check(clip_skip >= 0 && clip_skip < config_.layers, Code::kInvalidArgument, "clip_skip is ",
        clip_skip, ", expected 0 to ", config_.layers - 1);
  Tensor x = token_embedding_.forward(ids) + position_embedding_.first(ids.size(1));
  const auto taken = static_cast<size_t>(config_.layers - 1 - clip_skip);
  // The layers behind serve the pooled vector only.
  const size_t last = text_projection_ ? layers_.size() : taken;
  EncodedText encoded;
  for (size_t i = 0; i < last; ++i) {
    f.stop.check();
    if (i == taken) encoded.hidden = x;
    x = layers_[i].forward(f, x);
  }
  if (text_projection_) {
    encoded.pooled = pool(f, x, ids);
  } else {
    encoded.hidden = x;
  }
  return encoded;
}

Tensor ClipTextEncoder::pool(const nn::Forward& f, const Tensor& last, const Tensor& ids) const {
  const Tensor end = config_.end_token == kHistoricEndToken
                         ? ids.argmax(-1)
                         : ids.eq(config_.end_token).to(at::kInt).argmax(-1);
  const Tensor rows = at::arange(ids.size(0), ids.options());
  const Tensor states = final_layer_norm_.forward(f, last).index({rows, end});
  return text_projection_->forward(states);
}

void ClipTextEncoder::visit(nn::Visitor& visitor) {
  visitor.child("text_model.embeddings.token_embedding", token_embedding_);
  visitor.child("text_model.embeddings.position_embedding", position_embedding_);
  visitor.children("text_model.encoder.layers", layers_);
  visitor.child("text_model.final_layer_norm", final_layer_norm_);
  if (text_projection_) visitor.child("text_projection", *text_projection_);
}

}  // namespace allaprima::networks
