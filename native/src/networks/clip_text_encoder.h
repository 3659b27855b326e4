// CLIP's text model: token ids to a vector a token, and for the second encoder one for the text.
#pragma once

#include <optional>
#include <vector>

#include "networks/config.h"
#include "nn/layers.h"

namespace allaprima::networks {

struct EncodedText {
  Tensor hidden;  // [B, T, D], the states before the last layers, without the final norm
  Tensor pooled;  // [B, P] where the model has a projection, else undefined
};

class ClipTextEncoder {
 public:
  explicit ClipTextEncoder(const ClipTextConfig& config);

  /// ids [B, T] int64, T at most the number of positions. SDXL takes the states before the last
  /// layer; `clip_skip` leaves out as many more, below the number of layers.
  EncodedText encode(const nn::Forward& f, const Tensor& ids, int64_t clip_skip) const;
  void visit(nn::Visitor& visitor);

  const ClipTextConfig& config() const { return config_; }

 private:
  struct Layer {
    explicit Layer(const ClipTextConfig& config);
    Tensor forward(const nn::Forward& f, const Tensor& x) const;
    void visit(nn::Visitor& visitor);

    int64_t heads;
    bool quick_gelu;
    nn::LayerNorm layer_norm1, layer_norm2;
    nn::Linear q_proj, k_proj, v_proj, out_proj, fc1, fc2;
  };

  Tensor pool(const nn::Forward& f, const Tensor& last, const Tensor& ids) const;

  ClipTextConfig config_;
  nn::Embedding token_embedding_, position_embedding_;
  std::vector<Layer> layers_;
  nn::LayerNorm final_layer_norm_;
  std::optional<nn::Linear> text_projection_;
};

}  // namespace allaprima::networks
