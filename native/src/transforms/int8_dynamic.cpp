#include "transforms/int8_dynamic.h"

#include "transforms/quantize.h"

namespace allaprima::transforms {

namespace {

void to_int8(nn::Linear& linear, kernels::Int8Scheme scheme) {
  auto& dense = std::get<nn::DenseLinear>(linear.storage());
  nn::Int8Linear int8{kernels::quantize_weight(dense.weight, scheme),
                      dense.bias.defined() ? dense.bias.to(at::kFloat) : Tensor()};
  linear.storage() = std::move(int8);
}

}  // namespace

std::string why_not_int8(const LayerInfo& layer) { return why_not_quantized(layer, 8); }

PlanEntry int8_dynamic(Networks networks, const std::vector<std::string>& names,
                       kernels::Int8Scheme scheme) {
  const bool tutorial = scheme == kernels::Int8Scheme::kTutorial;
  return quantize(networks, names,
                  {"int8_dynamic", std::string("scheme ") + (tutorial ? "tutorial" : "torchao"),
                   [](const LayerInfo& layer, nn::Linear&) { return why_not_int8(layer); },
                   [&](nn::Linear& linear) { to_int8(linear, scheme); }});
}

}  // namespace allaprima::transforms
