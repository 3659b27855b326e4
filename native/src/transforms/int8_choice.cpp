#include "transforms/int8_choice.h"

#include <array>
#include <limits>
#include <map>

#include "base/clock.h"
#include "base/device_stream.h"
#include "kernels/onednn.h"
#include "transforms/int8_dynamic.h"

namespace allaprima::transforms {

namespace {

constexpr int kRounds = 5;
/// int8 must win by more than the spread of such a measurement, else precision is given for
/// nothing.
constexpr double kWorthIt = 0.95;

/// A GPU is only told what to do when the call returns.
template <class Call>
double seconds_of(at::Device device, const Call& call) {
  wait_for(device);
  const Stopwatch watch;
  call();
  wait_for(device);
  return watch.seconds();
}

ShapeTiming time_shape(int64_t rows, const nn::DenseLinear& dense, kernels::Int8Scheme scheme,
                       bool packed) {
  const Tensor x = at::randn({rows, dense.weight.size(1)}, dense.weight.options());
  const auto int8 = kernels::quantize_weight(dense.weight, scheme);
  const Tensor bias = dense.bias.defined() ? dense.bias.to(at::kFloat) : Tensor();
  const at::Device device = dense.weight.device();
  packed = packed && device.is_cpu() && kernels::can_pack(dense.weight.scalar_type());
  const Tensor weight = packed ? kernels::pack_linear(dense.weight) : Tensor();
  constexpr double kNever = std::numeric_limits<double>::infinity();
  ShapeTiming timing{rows, dense.weight.size(1), dense.weight.size(0), 0, kNever, kNever};
  for (int round = 0; round < kRounds; ++round) {
    const double dense_seconds = seconds_of(
        device, [&] { packed ? kernels::packed_linear(x, weight, dense.bias) : dense(x); });
    const double int8_seconds = seconds_of(device, [&] { kernels::int8_linear(x, int8, bias); });
    timing.dense_seconds = std::min(timing.dense_seconds, dense_seconds);
    timing.int8_seconds = std::min(timing.int8_seconds, int8_seconds);
  }
  return timing;
}

}  // namespace

Int8Choice choose_int8(Networks networks, const CallSize& call, kernels::Int8Scheme scheme,
                       bool packed) {
  std::map<std::array<int64_t, 3>, ShapeTiming> timings;
  Int8Choice choice;
  each_linear(networks, [&](const LayerInfo& layer, nn::Linear& linear) {
    if (!why_not_int8(layer).empty()) return;
    const int64_t rows = rows_of(layer, call);
    const std::array<int64_t, 3> shape{rows, layer.in, layer.out};
    auto found = timings.find(shape);
    if (found == timings.end()) {
      const auto& dense = std::get<nn::DenseLinear>(linear.storage());
      found = timings.emplace(shape, time_shape(rows, dense, scheme, packed)).first;
    }
    ShapeTiming& timing = found->second;
    timing.layers += 1;
    if (timing.int8_seconds < kWorthIt * timing.dense_seconds) choice.layers.push_back(layer.name);
  });
  for (const auto& [shape, timing] : timings) choice.timings.push_back(timing);
  return choice;
}

}  // namespace allaprima::transforms
