#include "transforms/swap_conv1x1.h"

#include <algorithm>

namespace allaprima::transforms {

namespace {

void swap(nn::Conv2d& conv) {
  auto& dense = std::get<nn::DenseConv>(conv.storage());
  nn::Linear linear(conv.shape().in, conv.shape().out, nn::Bias::kPresent);
  linear.storage() = nn::DenseLinear{dense.weight.flatten(1).contiguous(), dense.bias};
  conv.storage() = nn::LinearConv{std::move(linear)};
}

std::vector<std::string> names_of(Networks networks) {
  std::vector<std::string> names;
  each_conv(networks, [&](const std::string& name, const nn::Conv2d& conv) {
    if (conv.shape().kernel == 1) names.push_back(name);
  });
  return names;
}

}  // namespace

PlanEntry swap_conv1x1(Networks networks, const std::vector<std::string>& names) {
  check_names(names, names_of(networks), "convolution of 1×1");
  PlanEntry entry{"swap_conv1x1", "1×1 convolutions became linear layers", 0, 0, 0};
  each_conv(networks, [&](const std::string& name, nn::Conv2d& conv) {
    if (std::find(names.begin(), names.end(), name) == names.end()) return;
    entry.changed += 1;
    entry.bytes_before += conv.bytes();
    swap(conv);
    entry.bytes_after += conv.bytes();
    entry.layers.push_back(name);
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
