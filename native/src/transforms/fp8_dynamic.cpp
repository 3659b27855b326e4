#include "transforms/fp8_dynamic.h"

#include <tuple>

#include "base/device.h"
#include "transforms/quantize.h"

namespace allaprima::transforms {

namespace {

constexpr std::tuple kNeeded{8, 9};  // compute capability of the first cards that multiply float8

void to_fp8(nn::Linear& linear) {
  const auto& dense = std::get<nn::DenseLinear>(linear.storage());
  linear.storage() = nn::Fp8Linear{kernels::quantize_fp8(dense.weight), dense.bias};
}

}  // namespace

std::string why_no_fp8(at::Device device, at::ScalarType precision,
                       const std::optional<CudaCard>& card) {
  const std::string needs = "float8 products need a GPU of compute capability 8.9 or higher; ";
  if (!device.is_cuda()) return needs + "this pipeline is on " + device_name(device);
  if (!card) {
    return needs + "this build of Alla Prima is without CUDA and cannot ask what " +
           device_name(device) + " has";
  }
  if (std::tuple(card->major, card->minor) < kNeeded) {
    return needs + device_name(device) + " is " + card->name + " of " +
           std::to_string(card->major) + "." + std::to_string(card->minor);
  }
  if (precision == at::kBFloat16) return "";
  return "float8 products give bf16, this pipeline is in " + precision_name(precision) +
         "; ask for bf16";
}

std::string why_not_fp8(const LayerInfo& layer, nn::Linear& linear) {
  if (std::holds_alternative<nn::Int8Linear>(linear.storage())) return "it is in int8";
  return why_not_quantized(layer, 16);
}

PlanEntry fp8_dynamic(Networks networks, const std::vector<std::string>& names) {
  return quantize(networks, names, {"fp8_dynamic", "e4m3, a scale a row", why_not_fp8, to_fp8});
}

}  // namespace allaprima::transforms
