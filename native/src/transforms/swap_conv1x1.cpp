#include "transforms/swap_conv1x1.h"

#include <set>

namespace allaprima::transforms {

namespace {

void swap(nn::Conv2d& conv) {
  auto& dense = std::get<nn::DenseConv>(conv.storage());
  nn::Linear linear(conv.shape().in, conv.shape().out, nn::Bias::kPresent);
  linear.storage() = nn::DenseLinear{dense.weight.flatten(1).contiguous(), dense.bias};
  conv.storage() = nn::LinearConv{std::move(linear)};
}

std::vector<std::string> names_of(Networks networks) {
  return names_where(networks, [](const LayerInfo& layer) {
    return layer.kind == LayerKind::kConv && layer.kernel == 1;
  });
}

}  // namespace

PlanEntry swap_conv1x1(Networks networks, const std::vector<std::string>& names) {
  check_names(names, names_of(networks), "convolution of 1×1");
  PlanEntry entry{"swap_conv1x1", "1×1 convolutions became linear layers", 0, 0, 0};
  const std::set<std::string> chosen(names.begin(), names.end());
  each_conv(networks, [&](const LayerInfo& layer, nn::Conv2d& conv) {
    if (!chosen.contains(layer.name)) return;
    entry.changed += 1;
    entry.bytes_before += conv.bytes();
    swap(conv);
    entry.bytes_after += conv.bytes();
    entry.layers.push_back(layer.name);
  });
  return entry;
}

PlanEntry swap_all_conv1x1(Networks networks) {
  PlanEntry entry = swap_conv1x1(networks, names_of(networks));
  entry.name = "conv1x1_as_product";
  entry.detail = "the other 1×1 convolutions are computed as matrix products";
  entry.layers.clear();
  return entry;
}

}  // namespace allaprima::transforms
