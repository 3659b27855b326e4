#include "kernels/int8_linear.h"

#include <ATen/Parallel.h>
#include <ATen/record_function.h>

#include "base/shape.h"
#include "kernels/cpu_rows.h"

namespace allaprima::kernels {

namespace {

constexpr double kSmallest = 1.0 / (1 << 23);  // the spacing of fp32 at 1
constexpr int64_t kElementsATask = 1 << 15;
constexpr int64_t kFewestRowsOnCuda = 17;

int64_t rows_a_task(int64_t width) { return std::max<int64_t>(1, kElementsATask / width); }

Int8Rows quantize_on_cpu(const Tensor& given, cpu::Int8Rounding rounding) {
  RECORD_USER_SCOPE("allaprima::quantize_rows");
  const Tensor x = given.contiguous();
  const int64_t rows = x.size(0), width = x.size(1);
  Int8Rows result{at::empty({rows, width}, x.options().dtype(at::kChar)),
                  at::empty({rows}, x.options().dtype(at::kFloat))};
  const auto* source = static_cast<const char*>(x.const_data_ptr());
  auto* values = result.values.data_ptr<int8_t>();
  auto* scales = result.scales.data_ptr<float>();
  const cpu::RowKernels& kernels = cpu::row_kernels();
  at::parallel_for(0, rows, rows_a_task(width), [&](int64_t first, int64_t last) {
    kernels.quantize(*element_of(x), source + first * width * x.element_size(), last - first, width,
                     rounding, values + first * width, scales + first);
  });
  return result;
}

Tensor dequantize_on_cpu(const Tensor& sums, const Tensor& row_scales, const Tensor& column_scales,
                         const Tensor& bias, const Tensor& like) {
  RECORD_USER_SCOPE("allaprima::dequantize");
  const int64_t rows = sums.size(0), width = sums.size(1);
  Tensor result = at::empty({rows, width}, like.options());
  const auto* source = sums.const_data_ptr<int32_t>();
  const auto* of_rows = row_scales.const_data_ptr<float>();
  const cpu::Columns columns{column_scales.const_data_ptr<float>(),
                             bias.defined() ? bias.const_data_ptr<float>() : nullptr};
  auto* target = static_cast<char*>(result.data_ptr());
  const cpu::RowKernels& kernels = cpu::row_kernels();
  at::parallel_for(0, rows, rows_a_task(width), [&](int64_t first, int64_t last) {
    kernels.dequantize(*element_of(like), source + first * width, last - first, width,
                       of_rows + first, columns, target + first * width * like.element_size());
  });
  return result;
}

}  // namespace

int64_t Int8Weight::bytes() const {
  return static_cast<int64_t>(rows.values.nbytes() + rows.scales.nbytes());
}

Int8Rows quantize_rows_plain(const Tensor& given, Int8Scheme scheme) {
  const Tensor x = given.to(at::kFloat);
  const Tensor largest = x.abs().amax(-1, /*keepdim=*/true);
  if (scheme == Int8Scheme::kTutorial) {
    const Tensor scale = largest.clamp_min(1e-5) / 127.0;
    return {(x / scale).round().clamp(-127, 127).to(at::kChar), scale.squeeze(-1)};
  }
  const Tensor scale = (largest / 127.5).clamp_min(kSmallest);
  return {(x * scale.reciprocal()).round().clamp(-128, 127).to(at::kChar), scale.squeeze(-1)};
}

Int8Rows quantize_weight_plain(const Tensor& weight, Int8Scheme scheme) {
  if (scheme == Int8Scheme::kTorchao) return quantize_rows_plain(weight, scheme);
  const Tensor w = weight.to(at::kFloat);
  const Tensor scale = (w.abs().amax(-1, true) / 127.5).clamp_min(kSmallest);
  return {(w / scale).round().clamp(-128, 127).to(at::kChar), scale.squeeze(-1)};
}

Int8Weight quantize_weight(const Tensor& weight, Int8Scheme scheme) {
  check_shape(weight, {-1, -1}, "weight");
  if (!element_of(weight)) return {quantize_weight_plain(weight, scheme), scheme};
  const auto rounding = scheme == Int8Scheme::kTutorial ? cpu::Int8Rounding::k127AndAHalf
                                                        : cpu::Int8Rounding::k127AndAHalfInverse;
  return {quantize_on_cpu(weight, rounding), scheme};
}

Int8Rows quantize_rows(const Tensor& x, Int8Scheme scheme) {
  check_shape(x, {-1, -1}, "activations");
  if (!element_of(x)) return quantize_rows_plain(x, scheme);
  return quantize_on_cpu(x, scheme == Int8Scheme::kTutorial
                                ? cpu::Int8Rounding::k127
                                : cpu::Int8Rounding::k127AndAHalfInverse);
}

Tensor dequantize_plain(const Tensor& sums, const Tensor& row_scales, const Tensor& column_scales,
                        const Tensor& bias) {
  const Tensor result = sums.to(at::kFloat) * row_scales.unsqueeze(-1) * column_scales;
  return bias.defined() ? result + bias : result;
}

Tensor int8_product(const Tensor& x, const Tensor& weight, int64_t fewest) {
  const int64_t rows = x.size(0);
  if (rows >= fewest) return at::_int_mm(x, weight.t());
  return at::_int_mm(at::constant_pad_nd(x, {0, 0, 0, fewest - rows}), weight.t())
      .narrow(0, 0, rows);
}

Tensor int8_linear(const Tensor& x, const Int8Weight& weight, const Tensor& bias) {
  const Int8Rows rows = quantize_rows(x.reshape({-1, x.size(-1)}), weight.scheme);
  const Tensor sums =
      int8_product(rows.values, weight.rows.values, x.is_cuda() ? kFewestRowsOnCuda : 1);
  const Tensor result =
      element_of(x)
          ? dequantize_on_cpu(sums, rows.scales, weight.rows.scales, bias, x)
          : dequantize_plain(sums, rows.scales, weight.rows.scales, bias).to(x.scalar_type());
  auto shape = x.sizes().vec();
  shape.back() = weight.rows.scales.size(0);
  return result.view(shape);
}

}  // namespace allaprima::kernels
