#include "transforms/layers.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"

namespace allaprima::transforms {

namespace {

class Walk : public nn::Visitor {
 public:
  std::function<void(const std::string&, nn::Linear&)> linear;
  std::function<void(const std::string&, nn::Conv2d&)> conv;

  void over(Networks networks) {
    child("unet", networks.unet);
    child("vae", networks.vae);
  }

 protected:
  bool on_linear(const std::string& path, nn::Linear& layer) override {
    if (linear) linear(path, layer);
    return false;
  }
  bool on_conv(const std::string& path, nn::Conv2d& layer) override {
    if (conv) conv(path, layer);
    return false;
  }
};

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// The number behind `part` in a name, as the 2 of "down_blocks.2"; -1 where there is none.
int64_t index_behind(const std::string& name, const std::string& part) {
  const size_t at = name.find(part);
  if (at == std::string::npos) return -1;
  int64_t index = -1;
  std::from_chars(name.data() + at + part.size(), name.data() + name.size(), index);
  return index;
}

RowKind row_kind(const std::string& name) {
  if (contains(name, "time_emb_proj") || contains(name, "time_embedding") ||
      contains(name, "add_embedding")) {
    return RowKind::kPicture;
  }
  const bool text = contains(name, "attn2.to_k") || contains(name, "attn2.to_v");
  return text ? RowKind::kToken : RowKind::kPixel;
}

/// Every level of the UNet but the last on its way down halves the sides, and the other way round;
/// every level of the decoder but the last doubles them, and what is behind has the picture's size.
void find_scale(LayerInfo& layer, const networks::UNetConfig& unet,
                const networks::VaeConfig& vae) {
  layer.shrink = layer.enlarge = 1;
  const auto levels = static_cast<int64_t>(unet.down.size());
  const int64_t up = index_behind(layer.name, "up_blocks."),
                down = index_behind(layer.name, "down_blocks.");
  const bool doubled = contains(layer.name, "upsamplers");
  if (layer.name.starts_with("vae.")) {
    if (up >= 0) layer.enlarge = int64_t{1} << (up + doubled);
    if (contains(layer.name, "conv_out")) layer.enlarge = vae.factor();
    return;
  }
  if (contains(layer.name, "mid_block")) layer.shrink = int64_t{1} << (levels - 1);
  if (down >= 0) layer.shrink = int64_t{1} << down;
  if (up >= 0) layer.shrink = int64_t{1} << (levels - 1 - up - doubled);
}

/// The decoder takes one picture at a time.
int64_t batch_of(const LayerInfo& layer, const CallSize& call) {
  return layer.name.starts_with("vae.") ? 1 : call.batch;
}

}  // namespace

void each_linear(Networks networks,
                 const std::function<void(const std::string&, nn::Linear&)>& use) {
  Walk walk;
  walk.linear = use;
  walk.over(networks);
}

void each_conv(Networks networks, const std::function<void(const std::string&, nn::Conv2d&)>& use) {
  Walk walk;
  walk.conv = use;
  walk.over(networks);
}

std::vector<LayerInfo> list_layers(Networks networks) {
  std::vector<LayerInfo> layers;
  Walk walk;
  walk.linear = [&](const std::string& name, const nn::Linear& linear) {
    layers.push_back(
        {name, LayerKind::kLinear, linear.in(), linear.out(), 1, row_kind(name), 1, 1});
    find_scale(layers.back(), networks.unet.config(), networks.vae.config());
  };
  walk.conv = [&](const std::string& name, const nn::Conv2d& conv) {
    const auto& shape = conv.shape();
    layers.push_back(
        {name, LayerKind::kConv, shape.in, shape.out, shape.kernel, RowKind::kPixel, 1, 1});
    find_scale(layers.back(), networks.unet.config(), networks.vae.config());
  };
  walk.over(networks);
  return layers;
}

MapSize map_of(const LayerInfo& layer, const CallSize& call) {
  const auto side = [&](int64_t latents) {
    return (latents + layer.shrink - 1) / layer.shrink * layer.enlarge;
  };
  return {batch_of(layer, call), side(call.height), side(call.width)};
}

int64_t rows_of(const LayerInfo& layer, const CallSize& call) {
  if (layer.rows == RowKind::kPicture) return batch_of(layer, call);
  if (layer.rows == RowKind::kToken) return batch_of(layer, call) * call.tokens;
  const MapSize map = map_of(layer, call);
  return map.batch * map.height * map.width;
}

LinearCount count_linears(Networks networks) {
  LinearCount count;
  each_linear(networks, [&](const std::string& name, const nn::Linear& layer) {
    (name.starts_with("unet.") ? count.unet : count.vae) += 1;
    count.bytes += layer.bytes();
  });
  return count;
}

int64_t layer_bytes(Networks networks) {
  int64_t bytes = count_linears(networks).bytes;
  each_conv(networks, [&](const std::string&, const nn::Conv2d& layer) { bytes += layer.bytes(); });
  return bytes;
}

void check_names(const std::vector<std::string>& names, const std::vector<std::string>& known,
                 const char* what) {
  const std::set<std::string> all(known.begin(), known.end());
  for (const std::string& name : names) {
    check(
        all.contains(name), Code::kInvalidArgument, "'", name, "' is no ", what,
        " of this pipeline; allaprima_pipeline_layers lists them. After fuse_qkv the layers to_q, "
        "to_k and to_v are to_qkv, or to_q and to_kv");
  }
}

}  // namespace allaprima::transforms
