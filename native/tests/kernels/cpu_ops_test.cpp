// The fast operations against the plain ones, and against formulas in double.
#include <ATen/Version.h>
#include <gtest/gtest.h>

#include "kernels/cpu/rows.h"
#include "kernels/guided_step.h"
#include "kernels/ops.h"

namespace allaprima::kernels {
namespace {

double largest_gap(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

TEST(CpuOpsTest, geglu_is_within_rounding_of_the_formula_in_double) {
  const c10::InferenceMode inference;
  const Tensor gates = at::linspace(-12, 12, 4001), values = at::linspace(2, -3, 4001);
  const Tensor x = at::cat({values, gates}).view({1, 1, -1});
  const Tensor exact = values.to(at::kDouble) * at::gelu(gates.to(at::kDouble));
  EXPECT_LE(largest_gap(cpu_ops().geglu(x)[0][0], exact), 3e-6);
  EXPECT_LE(largest_gap(plain_ops().geglu(x)[0][0], exact), 3e-6);
}

TEST(CpuOpsTest, geglu_takes_bf16_odd_widths_and_what_is_not_contiguous) {
  const c10::InferenceMode inference;
  at::manual_seed(1);
  const Tensor x = at::randn({26, 3, 5}).transpose(0, 2);
  EXPECT_LE(largest_gap(cpu_ops().geglu(x), plain_ops().geglu(x)), 1e-6);
  const Tensor half = x.to(at::kBFloat16);
  const Tensor exact = plain_ops().geglu(half.to(at::kDouble));
  EXPECT_EQ(cpu_ops().geglu(half).scalar_type(), at::kBFloat16);
  EXPECT_LE(largest_gap(cpu_ops().geglu(half), exact), 1.0 / 128);
  EXPECT_EQ(cpu_ops().geglu(x.to(at::kHalf)).scalar_type(), at::kHalf);
  EXPECT_TRUE(cpu_ops().geglu(at::full({1, 4}, NAN)).isnan().all().item<bool>());
}

TEST(CpuOpsTest, one_pass_guides_and_updates_as_two_do) {
  const c10::InferenceMode inference;
  at::manual_seed(2);
  const Tensor latent = at::randn({2, 4, 5, 7});
  const UpdateFactors factors{0.75, -1.5};
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Tensor both = at::randn({4, 4, 5, 7}).to(type).contiguous(at::MemoryFormat::ChannelsLast);
    const Tensor guided = update_latent(latent, guide(both, {5, 0}), factors);
    EXPECT_LE(largest_gap(guided_update(latent, both, 5, factors), guided), 1e-5);
    const Tensor one = both.narrow(0, 0, 2);
    EXPECT_LE(
        largest_gap(guided_update(latent, one, 5, factors), update_latent(latent, one, factors)),
        1e-5);
  }
}

TEST(CpuOpsTest, the_loops_of_this_cpus_instructions_run) {
  const std::string capability = at::get_cpu_capability(), name = cpu::row_kernels().instructions;
  EXPECT_EQ(name, capability.starts_with("AVX512") ? "avx512"
                  : capability == "AVX2"           ? "avx2"
                                                   : "plain");
}

}  // namespace
}  // namespace allaprima::kernels
