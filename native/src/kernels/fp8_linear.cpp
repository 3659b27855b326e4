#include "kernels/fp8_linear.h"

#include <ATen/record_function.h>

#include <limits>

#include "base/shape.h"

namespace allaprima::kernels {

namespace {

constexpr double kLargest = 448;  // of e4m3
constexpr double kSmallestScale = std::numeric_limits<float>::min();
constexpr int64_t kWidthMultiple = 16;

void check_widths(const Fp8Rows& weight) {
  check_shape(weight.scales, {weight.values.size(0), 1}, "scales of a float8 weight");
  check(weight.values.size(0) % kWidthMultiple == 0 && weight.values.size(1) % kWidthMultiple == 0,
        Code::kInternal, "a float8 weight of shape ", shape_text(weight.values.sizes()),
        ", expected multiples of ", kWidthMultiple);
}

/// Weights lie as [out, in]: their transpose is the column-major factor that the product wants.
Tensor product_on_cuda(const Fp8Rows& x, const Fp8Rows& weight, const Tensor& bias) {
  return at::_scaled_mm(x.values, weight.values.t(), x.scales, weight.scales.t(),
                        bias.defined() ? std::optional<Tensor>(bias) : std::nullopt,
                        /*scale_result=*/std::nullopt, at::kBFloat16, /*use_fast_accum=*/true);
}

}  // namespace

int64_t Fp8Rows::bytes() const { return static_cast<int64_t>(values.nbytes() + scales.nbytes()); }

Fp8Rows quantize_fp8(const Tensor& given) {
  RECORD_USER_SCOPE("allaprima::quantize_fp8");
  check_shape(given, {-1, -1}, "rows for float8");
  check(given.scalar_type() == at::kBFloat16 || given.scalar_type() == at::kFloat, Code::kInternal,
        "rows for float8 are bf16 or fp32, not ", at::toString(given.scalar_type()));
  const Tensor x = given.contiguous();
  const Tensor largest = x.abs().amax(-1, /*keepdim=*/true);
  const Tensor scales = (largest / kLargest).to(at::kFloat).clamp_min(kSmallestScale);
  // The cast gives NaN beyond 464; a scale rounded to bf16 lets no quotient pass 450.
  return {(x / scales).to(at::kFloat8_e4m3fn), scales};
}

Tensor fp8_product_plain(const Fp8Rows& x, const Fp8Rows& weight, const Tensor& bias) {
  const Tensor sums = at::linear(x.values.to(at::kFloat), weight.values.to(at::kFloat));
  const Tensor result = sums * x.scales * weight.scales.t();
  return bias.defined() ? result + bias : result;
}

Tensor fp8_linear(const Tensor& x, const Fp8Rows& weight, const Tensor& bias) {
  check_widths(weight);
  const Fp8Rows rows = quantize_fp8(x.reshape({-1, x.size(-1)}));
  auto shape = x.sizes().vec();
  shape.back() = weight.values.size(0);
  if (!x.is_cuda()) return fp8_product_plain(rows, weight, bias).to(x.scalar_type()).view(shape);
  check(x.scalar_type() == at::kBFloat16, Code::kInternal, "float8 products give bf16, not ",
        at::toString(x.scalar_type()));
  return product_on_cuda(rows, weight, bias).view(shape);
}

}  // namespace allaprima::kernels
