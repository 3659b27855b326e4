// int8 linear layers against torch scripts that share no code with us:
// tools/oracle/int8_schemes.py.
#include "kernels/int8_linear.h"

#include <gtest/gtest.h>

#include "io/tensors.h"

namespace allaprima::kernels {
namespace {

struct Case {
  const char* file;
  Int8Scheme scheme;
};

class Int8LinearTest : public testing::TestWithParam<Case> {
 protected:
  Tensor golden(const std::string& name) const {
    TensorEntry entry = file_.tensors().at(name);
    if (entry.dtype != "I8") return view_of(entry, name);  // no checkpoint has int8
    auto* data = const_cast<std::byte*>(entry.data.data());
    return at::from_blob(data, entry.shape, at::TensorOptions(at::kChar));
  }
  Tensor of_scheme(const std::string& name) const {
    return golden((GetParam().scheme == Int8Scheme::kTutorial ? "tutorial." : "torchao.") + name);
  }
  Tensor bias() const {
    return file_.tensors().contains("bias") ? golden("bias").to(at::kFloat) : Tensor();
  }

  const c10::InferenceMode inference_;
  const SafetensorsFile file_{std::filesystem::path(ALLAPRIMA_TEST_DATA "/int8") /
                              (std::string(GetParam().file) + ".safetensors")};
};

TEST_P(Int8LinearTest, has_the_integers_and_scales_of_the_scheme) {
  const Int8Scheme scheme = GetParam().scheme;
  for (const auto& rows :
       {quantize_rows(golden("x"), scheme), quantize_rows_plain(golden("x"), scheme)}) {
    EXPECT_TRUE(at::equal(rows.values, of_scheme("x_int")));
    EXPECT_TRUE(at::equal(rows.scales, of_scheme("x_scale")));
  }
  for (const auto& rows :
       {quantize_weight(golden("w"), scheme).rows, quantize_weight_plain(golden("w"), scheme)}) {
    EXPECT_TRUE(at::equal(rows.values, of_scheme("w_int")));
    EXPECT_TRUE(at::equal(rows.scales, of_scheme("w_scale")));
  }
  EXPECT_TRUE(
      at::equal(at::_int_mm(of_scheme("x_int"), of_scheme("w_int").t()), of_scheme("product")));
}

TEST_P(Int8LinearTest, gives_the_output_to_the_bit_in_fp32_and_rounded_in_bf16) {
  const Int8Weight weight = quantize_weight(golden("w"), GetParam().scheme);
  const Tensor x = golden("x").to(at::kFloat), output = of_scheme("output");
  EXPECT_TRUE(at::equal(int8_linear(x, weight, bias()), output));
  EXPECT_TRUE(at::equal(
      dequantize_plain(of_scheme("product"), of_scheme("x_scale"), of_scheme("w_scale"), bias()),
      output));
  if (golden("x").scalar_type() != at::kBFloat16) return;
  const Tensor half = int8_linear(golden("x").unsqueeze(0), weight, bias());
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(at::equal(half.squeeze(0), output.to(at::kBFloat16)));
}

TEST_P(Int8LinearTest, is_within_int8s_own_error_of_the_exact_product) {
  const Tensor x = golden("x").to(at::kDouble), w = golden("w").to(at::kDouble);
  const auto scheme = GetParam().scheme;
  const Int8Weight weight = quantize_weight(golden("w"), scheme);
  const auto rows = quantize_rows(golden("x"), scheme);
  const Tensor exact =
      at::linear(rows.values.to(at::kDouble) * rows.scales.unsqueeze(1),
                 weight.rows.values.to(at::kDouble) * weight.rows.scales.unsqueeze(1));
  const Tensor ours = int8_linear(golden("x").to(at::kFloat), weight, Tensor()).to(at::kDouble);
  EXPECT_LE(((ours - exact).norm() / exact.norm()).item<double>(), 1e-6);
  EXPECT_GT(((at::linear(x, w) - exact).norm() / exact.norm()).item<double>(), 1e-4)
      << "nothing was rounded to int8";
}

TEST_P(Int8LinearTest, multiplies_few_rows_where_many_are_asked_for) {
  const Tensor x = of_scheme("x_int"), w = of_scheme("w_int");
  for (const int64_t rows : {1, 16, 17}) {
    const Tensor product = int8_product(x.narrow(0, 0, rows), w, 17);
    EXPECT_TRUE(product.is_contiguous());
    EXPECT_TRUE(at::equal(product, of_scheme("product").narrow(0, 0, rows))) << rows;
  }
}

TEST_P(Int8LinearTest, lets_what_is_not_finite_through) {
  const Int8Weight weight = quantize_weight(golden("w"), GetParam().scheme);
  Tensor x = at::ones({3, golden("x").size(1)});
  x[1][0] = NAN;
  const Tensor finite = int8_linear(x, weight, bias()).isfinite().all(1);
  EXPECT_TRUE(finite[0].item<bool>() && finite[2].item<bool>());
  EXPECT_FALSE(finite[1].item<bool>());
}

INSTANTIATE_TEST_SUITE_P(
    , Int8LinearTest,
    testing::Values(Case{"plain", Int8Scheme::kTutorial}, Case{"plain", Int8Scheme::kTorchao},
                    Case{"wide", Int8Scheme::kTutorial}, Case{"wide", Int8Scheme::kTorchao},
                    Case{"edges", Int8Scheme::kTutorial}, Case{"edges", Int8Scheme::kTorchao}));

}  // namespace
}  // namespace allaprima::kernels
