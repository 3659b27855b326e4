#include "transforms/layers.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"

namespace allaprima::transforms {

namespace {

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

/// Tells of each layer what it is, and goes no further.
class Walk : public nn::Visitor {
 public:
  std::function<void(const LayerInfo&, nn::Linear&)> linear;
  std::function<void(const LayerInfo&, nn::Conv2d&)> conv;

  explicit Walk(Networks networks) : networks_(networks) {}

  void run() {
    child("unet", networks_.unet);
    child("vae", networks_.vae);
  }

 protected:
  bool on_linear(const std::string& path, nn::Linear& layer) override {
    if (linear) {
      linear(
          described({path, LayerKind::kLinear, layer.in(), layer.out(), 1, row_kind(path), 1, 1}),
          layer);
    }
    return false;
  }
  bool on_conv(const std::string& path, nn::Conv2d& layer) override {
    const auto& shape = layer.shape();
    if (conv) {
      conv(described(
               {path, LayerKind::kConv, shape.in, shape.out, shape.kernel, RowKind::kPixel, 1, 1}),
           layer);
    }
    return false;
  }

 private:
  LayerInfo described(LayerInfo layer) const {
    find_scale(layer, networks_.unet.config(), networks_.vae.config());
    return layer;
  }

  Networks networks_;
};

}  // namespace

void each_linear(Networks networks, const std::function<void(const LayerInfo&, nn::Linear&)>& use) {
  Walk walk(networks);
  walk.linear = use;
  walk.run();
}

void each_conv(Networks networks, const std::function<void(const LayerInfo&, nn::Conv2d&)>& use) {
  Walk walk(networks);
  walk.conv = use;
  walk.run();
}

std::vector<LayerInfo> list_layers(Networks networks) {
  std::vector<LayerInfo> layers;
  Walk walk(networks);
  walk.linear = [&](const LayerInfo& layer, const nn::Linear&) { layers.push_back(layer); };
  walk.conv = [&](const LayerInfo& layer, const nn::Conv2d&) { layers.push_back(layer); };
  walk.run();
  return layers;
}

std::vector<std::string> names_where(Networks networks,
                                     const std::function<bool(const LayerInfo&)>& meant) {
  std::vector<std::string> names;
  for (const LayerInfo& layer : list_layers(networks)) {
    if (meant(layer)) names.push_back(layer.name);
  }
  return names;
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
  each_linear(networks, [&](const LayerInfo& layer, const nn::Linear& linear) {
    (layer.name.starts_with("unet.") ? count.unet : count.vae) += 1;
    count.bytes += linear.bytes();
  });
  return count;
}

int64_t layer_bytes(Networks networks) {
  int64_t bytes = count_linears(networks).bytes;
  each_conv(networks, [&](const LayerInfo&, const nn::Conv2d& conv) { bytes += conv.bytes(); });
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
