#include "transforms/pack.h"

#include <array>

#include "kernels/onednn.h"

namespace allaprima::transforms {

namespace {

bool pack(nn::Linear& linear) {
  auto* dense = std::get_if<nn::DenseLinear>(&linear.storage());
  if (dense == nullptr || !kernels::can_pack(dense->weight.scalar_type())) return false;
  const auto bytes = static_cast<int64_t>(dense->weight.nbytes());
  linear.storage() = nn::PackedLinear{kernels::pack_linear(dense->weight), dense->bias, bytes};
  return true;
}

std::array<int64_t, 4> map_shape(const LayerInfo& layer, const CallSize& call) {
  const MapSize map = map_of(layer, call);
  return {map.batch, layer.in, map.height, map.width};
}

kernels::ConvPlace place_of(const nn::Conv2d& conv) {
  return {conv.shape().stride, conv.shape().padding()};
}

bool pack(nn::Conv2d& conv, const std::array<int64_t, 4>& map) {
  auto* dense = std::get_if<nn::DenseConv>(&conv.storage());
  if (dense == nullptr || !kernels::can_pack(dense->weight.scalar_type())) return false;
  const auto bytes = static_cast<int64_t>(dense->weight.nbytes());
  conv.storage() =
      nn::PackedConv{kernels::pack_conv(dense->weight, place_of(conv), map), dense->bias, bytes};
  return true;
}

}  // namespace

PlanEntry channels_last(Networks networks) {
  PlanEntry entry{"channels_last", "maps and convolutions keep a pixel's channels together", 0, 0,
                  0};
  each_conv(networks, [&](const LayerInfo&, nn::Conv2d& conv) {
    auto* dense = std::get_if<nn::DenseConv>(&conv.storage());
    if (dense == nullptr) return;
    entry.changed += 1;
    entry.bytes_before += conv.bytes();
    dense->weight = dense->weight.contiguous(at::MemoryFormat::ChannelsLast);
    entry.bytes_after += conv.bytes();
  });
  return entry;
}

PlanEntry pack(Networks networks, const CallSize& call) {
  PlanEntry entry{"pack", "", 0, layer_bytes(networks), 0};
  int64_t linears = 0, convs = 0;
  each_linear(networks, [&](const LayerInfo&, nn::Linear& linear) { linears += pack(linear); });
  each_conv(networks, [&](const LayerInfo& layer, nn::Conv2d& conv) {
    convs += pack(conv, map_shape(layer, call));
  });
  entry.changed = linears + convs;
  entry.bytes_after = layer_bytes(networks);
  entry.detail = entry.changed == 0
                     ? "no layer: this CPU has no packed kernels for this precision"
                     : std::to_string(linears) + " linear layers and " + std::to_string(convs) +
                           " convolutions in the order that oneDNN computes in";
  return entry;
}

void fit(Networks networks, const CallSize& call) {
  each_conv(networks, [&](const LayerInfo& layer, nn::Conv2d& conv) {
    auto* packed = std::get_if<nn::PackedConv>(&conv.storage());
    if (packed == nullptr) return;
    packed->weight = kernels::pack_conv(packed->weight, place_of(conv), map_shape(layer, call));
  });
}

}  // namespace allaprima::transforms
