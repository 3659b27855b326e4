#include "transforms/int8_dynamic.h"

#include <set>

namespace allaprima::transforms {

namespace {

void quantize(nn::Linear& linear, kernels::Int8Scheme scheme) {
  auto& dense = std::get<nn::DenseLinear>(linear.storage());
  nn::Int8Linear int8{kernels::quantize_weight(dense.weight, scheme),
                      dense.bias.defined() ? dense.bias.to(at::kFloat) : Tensor()};
  linear.storage() = std::move(int8);
}

}  // namespace

std::string why_not_int8(const LayerInfo& layer) {
  if (layer.rows == RowKind::kPicture) return "it sees one row a picture: nothing to gain";
  if (layer.in % 8 != 0 || layer.out % 8 != 0) {
    return "its widths " + std::to_string(layer.in) + " and " + std::to_string(layer.out) +
           " are not both multiples of 8";
  }
  return "";
}

PlanEntry int8_dynamic(Networks networks, const std::vector<std::string>& names,
                       kernels::Int8Scheme scheme) {
  const auto is_linear = [](const LayerInfo& layer) { return layer.kind == LayerKind::kLinear; };
  check_names(names, names_where(networks, is_linear), "linear layer");
  const std::set<std::string> chosen(names.begin(), names.end());
  PlanEntry entry{"int8_dynamic", "", 0, 0, 0};
  int64_t of_unet = 0;
  each_linear(networks, [&](const LayerInfo& layer, nn::Linear& linear) {
    if (!chosen.contains(layer.name)) return;
    const std::string obstacle = why_not_int8(layer);
    if (!obstacle.empty()) return entry.skipped.push_back({layer.name, obstacle});
    entry.changed += 1;
    entry.bytes_before += linear.bytes();
    quantize(linear, scheme);
    entry.bytes_after += linear.bytes();
    entry.layers.push_back(layer.name);
    of_unet += layer.name.starts_with("unet.");
  });
  const LinearCount all = count_linears(networks);
  const auto of = [](const char* network, int64_t part, int64_t whole) {
    return std::string(network) + ": " + std::to_string(part) + " of " + std::to_string(whole);
  };
  entry.detail = of("unet", of_unet, all.unet) + "; " +
                 of("vae", entry.changed - of_unet, all.vae) + " linear layers, scheme " +
                 (scheme == kernels::Int8Scheme::kTutorial ? "tutorial" : "torchao") + "; " +
                 std::to_string(entry.skipped.size()) + " more were chosen and stay as they are";
  return entry;
}

}  // namespace allaprima::transforms
