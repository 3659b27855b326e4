#include "kernels/onednn.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>

namespace allaprima::kernels {

namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using Text = std::optional<std::string_view>;

template <class Signature>
auto operator_named(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

std::optional<Tensor> optional(const Tensor& x) {
  return x.defined() ? std::optional<Tensor>(x) : std::nullopt;
}

const Scalars& no_scalars() {
  static const Scalars none;
  return none;
}

}  // namespace

bool can_pack(at::ScalarType dtype) {
  return at::globalContext().userEnabledMkldnn() &&
         (dtype == at::kFloat ||
          (dtype == at::kBFloat16 && __builtin_cpu_supports("avx512bw") != 0));
}

Tensor pack_linear(const Tensor& weight) {
  static const auto reorder = operator_named<Tensor(const Tensor&, std::optional<int64_t>)>(
      "mkldnn::_reorder_linear_weight");
  return reorder.call(weight.contiguous(), std::nullopt);
}

Tensor packed_linear(const Tensor& x, const Tensor& packed, const Tensor& bias) {
  static const auto linear =
      operator_named<Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                            std::string_view, Scalars, Text)>("mkldnn::_linear_pointwise");
  return linear.call(x, packed, optional(bias), "none", no_scalars(), "");
}

Tensor pack_conv(const Tensor& weight, const ConvPlace& place, at::IntArrayRef map_shape) {
  static const auto reorder =
      operator_named<Tensor(const Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                            int64_t, at::OptionalIntArrayRef)>(
          "mkldnn::_reorder_convolution_weight");
  const std::array<int64_t, 2> padding{place.padding, place.padding},
      stride{place.stride, place.stride}, dilation{1, 1};
  // The other operator takes what this one has made.
  return weight.is_mkldnn()
             ? at::mkldnn_reorder_conv2d_weight(weight, padding, stride, dilation, 1, map_shape)
             : reorder.call(weight, padding, stride, dilation, 1, map_shape);
}

Tensor packed_conv(const Tensor& x, const Tensor& packed, const Tensor& bias,
                   const ConvPlace& place) {
  static const auto convolution = operator_named<Tensor(
      const Tensor&, const Tensor&, const std::optional<Tensor>&, at::IntArrayRef, at::IntArrayRef,
      at::IntArrayRef, int64_t, std::string_view, Scalars, Text)>("mkldnn::_convolution_pointwise");
  const std::array<int64_t, 2> padding{place.padding, place.padding},
      stride{place.stride, place.stride}, dilation{1, 1};
  return convolution.call(x, packed, optional(bias), padding, stride, dilation, 1, "none",
                          no_scalars(), "");
}

}  // namespace allaprima::kernels
