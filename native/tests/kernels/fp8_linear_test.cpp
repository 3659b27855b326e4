// float8 linear layers against torchao's bytes and scales, and against sums in double:
// tools/oracle/make_fp8_golden.py.
#include "kernels/fp8_linear.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/device.h"
#include "base/error.h"
#include "io/tensors.h"

namespace allaprima::kernels {
namespace {

class Fp8LinearTest : public testing::TestWithParam<std::string> {
 protected:
  Tensor golden(const std::string& name) const {
    TensorEntry entry = file_.tensors().at(name);
    if (entry.dtype != "F8_E4M3") return view_of(entry, name);  // no checkpoint has float8
    auto* data = const_cast<std::byte*>(entry.data.data());
    return at::from_blob(data, entry.shape, at::TensorOptions(at::kFloat8_e4m3fn));
  }
  Tensor bias() const { return file_.tensors().contains("bias") ? golden("bias") : Tensor(); }
  Fp8Rows golden_rows(const std::string& name) const {
    return {golden(name + "_fp8"), golden(name + "_scale")};
  }

  const c10::InferenceMode inference_;
  const SafetensorsFile file_{std::filesystem::path(ALLAPRIMA_TEST_DATA "/fp8") /
                              (GetParam() + ".safetensors")};
};

bool same_bytes(const Tensor& a, const Tensor& b) {
  return at::equal(a.view(at::kByte), b.view(at::kByte));
}

double distance(const Tensor& a, const Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

TEST_P(Fp8LinearTest, has_the_bytes_and_scales_of_torchao) {
  for (const std::string name : {"x", "w"}) {
    const Fp8Rows ours = quantize_fp8(golden(name)), theirs = golden_rows(name);
    EXPECT_TRUE(same_bytes(ours.values, theirs.values)) << name;
    EXPECT_EQ(ours.scales.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(ours.scales, theirs.scales)) << name;
  }
}

TEST_P(Fp8LinearTest, multiplies_as_exactly_as_fp32_does) {
  const Tensor ours = fp8_product_plain(golden_rows("x"), golden_rows("w"), bias());
  EXPECT_EQ(ours.scalar_type(), at::kFloat);
  EXPECT_LE(distance(ours, golden("output")), 1e-6);
}

TEST_P(Fp8LinearTest, gives_the_exact_output_rounded_to_bf16) {
  const Tensor x = golden("x").unsqueeze(0), exact = golden("output");
  const Fp8Rows weight = quantize_fp8(golden("w"));
  const Tensor ours = fp8_linear(x, weight, bias());
  EXPECT_EQ(ours.scalar_type(), at::kBFloat16);
  EXPECT_EQ(ours.sizes(), (std::vector<int64_t>{1, x.size(1), exact.size(1)}));
  // Where fp32's last bit decides how bf16 rounds, a number may be a whole step away: rarely.
  EXPECT_LE(distance(ours.squeeze(0), exact.to(at::kBFloat16)), 1e-3);
  EXPECT_LE(distance(ours.squeeze(0), exact), 2.5e-3);
  Tensor unrounded = at::linear(x.to(at::kDouble), golden("w").to(at::kDouble)).squeeze(0);
  if (bias().defined()) unrounded += bias();
  EXPECT_GT(distance(exact, unrounded), 1e-3) << "nothing was rounded to float8";
}

TEST_P(Fp8LinearTest, takes_rows_that_do_not_lie_one_behind_the_other) {
  const Fp8Rows weight = quantize_fp8(golden("w"));
  const Tensor x = golden("x"), turned = x.t().contiguous().t();
  EXPECT_FALSE(turned.is_contiguous());
  EXPECT_TRUE(quantize_fp8(turned).values.is_contiguous());
  EXPECT_TRUE(at::equal(fp8_linear(turned, weight, bias()), fp8_linear(x, weight, bias())));
}

/// torchao makes NaN of them; SDXL's missing negative prompt is rows of zeros.
TEST_P(Fp8LinearTest, leaves_zeros_zero_and_lets_what_is_not_finite_through) {
  const Fp8Rows weight = quantize_fp8(golden("w"));
  Tensor x = at::zeros({4, golden("x").size(1)}, at::kBFloat16);
  x[1][0] = NAN;
  x[2][0] = INFINITY;
  x[3][0] = 1e-40;  // its scale would be 0
  const Tensor y = fp8_linear(x, weight, bias());
  const Tensor expected = bias().defined() ? bias() : at::zeros_like(y[0]);
  EXPECT_TRUE(at::equal(y[0], expected));
  EXPECT_LE((y[3] - expected).abs().max().item<double>(), 1e-12);
  EXPECT_FALSE(y[1].isfinite().any().item<bool>());
  EXPECT_FALSE(y[2].isfinite().any().item<bool>());
}

/// The product adds up in fewer bits than fp32 has, as torchao's default does.
TEST_P(Fp8LinearTest, multiplies_alike_on_cuda) {
  if (!why_no_cuda().empty()) GTEST_SKIP() << why_no_cuda();
  const Fp8Rows weight = quantize_fp8(golden("w").to(at::kCUDA));
  EXPECT_TRUE(same_bytes(weight.values.cpu(), golden("w_fp8")));
  const Tensor on_device = bias().defined() ? bias().to(at::kCUDA) : Tensor();
  const Tensor ours = fp8_linear(golden("x").to(at::kCUDA), weight, on_device).cpu();
  EXPECT_LE(distance(ours, golden("output")), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(, Fp8LinearTest, testing::Values("plain", "wide", "edges"),
                         [](const auto& info) { return info.param; });

TEST(Fp8Weight, must_have_widths_that_the_product_takes) {
  const c10::InferenceMode inference;
  const Fp8Rows weight = quantize_fp8(at::ones({8, 16}, at::kBFloat16));
  EXPECT_THROW(fp8_linear(at::ones({2, 16}, at::kBFloat16), weight, Tensor()), Error);
}

/// Its scales would be denormal, or 0, for rows that are not.
TEST(Fp8Rows, are_not_made_of_fp16) {
  const c10::InferenceMode inference;
  EXPECT_THROW(quantize_fp8(at::ones({2, 16}, at::kHalf)), Error);
}

/// libtorch divides by a number on CUDA by multiplying with its inverse: in bf16 that is the same.
TEST(Fp8Rows, have_the_same_scales_by_division_and_by_the_inverse) {
  const c10::InferenceMode inference;
  const Tensor largest = at::arange(1, 0x7f80, at::kInt).to(at::kShort).view(at::kBFloat16);
  const Tensor inverse = (largest.to(at::kFloat) * (1.0f / 448)).to(at::kBFloat16);
  EXPECT_TRUE(at::equal(largest / 448, inverse));
  EXPECT_TRUE(at::equal(quantize_fp8(largest.unsqueeze(1)).scales.squeeze(1),
                        inverse.to(at::kFloat).clamp_min(std::numeric_limits<float>::min())));
}

/// The cast gives NaN where a quotient is far beyond 448: none is, whatever the largest number is.
TEST(Fp8Rows, reach_448_and_nothing_beyond_whatever_the_row) {
  const c10::InferenceMode inference;
  const Tensor largest = at::arange(1, 0x7f80, at::kInt).to(at::kShort).view(at::kBFloat16);
  const Fp8Rows rows = quantize_fp8(largest.unsqueeze(1));  // each positive bf16 a row
  const Tensor values = rows.values.to(at::kFloat);
  EXPECT_TRUE(values.isfinite().all().item<bool>());
  const Tensor normal = largest.to(at::kFloat) > 1e-35;
  EXPECT_TRUE((values.squeeze(1).masked_select(normal) == 448).all().item<bool>());
  EXPECT_GT(normal.sum().item<int64_t>(), 30000);
}

}  // namespace
}  // namespace allaprima::kernels
