#include "transforms/quantize.h"

#include <set>

namespace allaprima::transforms {

std::string why_not_quantized(const LayerInfo& layer, int64_t width_multiple) {
  if (layer.rows == RowKind::kPicture) return "it sees one row a picture: nothing to gain";
  if (layer.in % width_multiple != 0 || layer.out % width_multiple != 0) {
    return "its widths " + std::to_string(layer.in) + " and " + std::to_string(layer.out) +
           " are not both multiples of " + std::to_string(width_multiple);
  }
  return "";
}

PlanEntry quantize(Networks networks, const std::vector<std::string>& names,
                   const Quantization& quantization) {
  const auto is_linear = [](const LayerInfo& layer) { return layer.kind == LayerKind::kLinear; };
  check_names(names, names_where(networks, is_linear), "linear layer");
  const std::set<std::string> chosen(names.begin(), names.end());
  PlanEntry entry{quantization.transform, "", 0, 0, 0};
  int64_t of_unet = 0;
  each_linear(networks, [&](const LayerInfo& layer, nn::Linear& linear) {
    if (!chosen.contains(layer.name)) return;
    const std::string obstacle = quantization.why_not(layer, linear);
    if (!obstacle.empty()) return entry.skipped.push_back({layer.name, obstacle});
    entry.changed += 1;
    entry.bytes_before += linear.bytes();
    quantization.quantize(linear);
    entry.bytes_after += linear.bytes();
    entry.layers.push_back(layer.name);
    of_unet += layer.name.starts_with("unet.");
  });
  const LinearCount all = count_linears(networks);
  const auto of = [](const char* network, int64_t part, int64_t whole) {
    return std::string(network) + ": " + std::to_string(part) + " of " + std::to_string(whole);
  };
  entry.detail = of("unet", of_unet, all.unet) + "; " +
                 of("vae", entry.changed - of_unet, all.vae) + " linear layers, " +
                 quantization.how + "; " + std::to_string(entry.skipped.size()) +
                 " more were chosen and stay as they are";
  return entry;
}

}  // namespace allaprima::transforms
