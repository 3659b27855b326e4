// The loops of our own for CPUs against plain ATen.
#include <ATen/Version.h>
#include <gtest/gtest.h>

#include "kernels/cpu/rows.h"
#include "kernels/guided_step.h"

namespace allaprima::kernels {
namespace {

double largest_gap(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

Tensor guided_update(const Tensor& latent, const Tensor& prediction, double scale,
                     const UpdateFactors& factors) {
  const Tensor result = latent.clone();
  guided_update_(result, prediction, scale, factors);
  return result;
}

TEST(CpuRowsTest, one_pass_guides_and_updates_as_two_do) {
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

TEST(CpuRowsTest, the_loops_of_this_cpus_instructions_run) {
  const std::string capability = at::get_cpu_capability(), name = cpu::row_kernels().instructions;
  EXPECT_EQ(name, capability.starts_with("AVX512") ? "avx512"
                  : capability == "AVX2"           ? "avx2"
                                                   : "plain");
}

}  // namespace
}  // namespace allaprima::kernels
