#include "transforms/int8_dynamic.h"

#include <map>
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
  std::map<std::string, LayerInfo> linears;
  std::vector<std::string> known;
  for (const LayerInfo& layer : list_layers(networks)) {
    if (layer.kind != LayerKind::kLinear) continue;
    linears.emplace(layer.name, layer);
    known.push_back(layer.name);
  }
  check_names(names, known, "linear layer");
  const std::set<std::string> chosen(names.begin(), names.end());
  PlanEntry entry{"int8_dynamic", "", 0, 0, 0};
  each_linear(networks, [&](const std::string& name, nn::Linear& linear) {
    if (!chosen.contains(name)) return;
    const std::string obstacle = why_not_int8(linears.at(name));
    if (!obstacle.empty()) return entry.skipped.push_back({name, obstacle});
    entry.changed += 1;
    entry.bytes_before += linear.bytes();
    quantize(linear, scheme);
    entry.bytes_after += linear.bytes();
    entry.layers.push_back(name);
  });
  const LinearCount all = count_linears(networks);
  int64_t unet = 0;
  for (const std::string& name : entry.layers) unet += name.starts_with("unet.");
  const auto of = [](const char* network, int64_t part, int64_t whole) {
    return std::string(network) + ": " + std::to_string(part) + " of " + std::to_string(whole);
  };
  entry.detail = of("unet", unet, all.unet) + "; " + of("vae", entry.changed - unet, all.vae) +
                 " linear layers, scheme " +
                 (scheme == kernels::Int8Scheme::kTutorial ? "tutorial" : "torchao") + "; " +
                 std::to_string(entry.skipped.size()) + " more were chosen and stay as they are";
  return entry;
}

}  // namespace allaprima::transforms
