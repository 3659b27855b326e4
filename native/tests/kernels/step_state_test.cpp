// A step that reads its numbers from memory, against the formula in double.
#include "kernels/step_state.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace allaprima::kernels {
namespace {

constexpr int64_t kSteps = 5, kPictures = 2, kWidth = 14;

/// Nothing in it is linear or symmetric: a step that was taken for another shows.
StepState awkward_state() {
  at::manual_seed(4);
  return {at::zeros({1}, at::kLong), at::randn({kSteps, kStepFactors}).exp(),
          at::randn({kSteps, kWidth}).to(at::kBFloat16), at::randn({kPictures, 4, 5, 7}),
          at::ones({kSteps}, at::kBool)};
}

StepState copy_of(const StepState& s) {
  return {s.step.clone(), s.factors, s.times, s.latents.clone(), s.finite.clone()};
}

double factor_at(const StepState& s, int64_t step, StepFactor which) {
  return s.factors[step][static_cast<int64_t>(which)].item<double>();
}

double largest_gap(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

Tensor updated_in_double(const StepState& s, int64_t step, const Tensor& prediction) {
  const auto halves = prediction.to(at::kDouble).chunk(prediction.size(0) / kPictures, 0);
  const Tensor guided =
      halves.size() == 1
          ? halves[0]
          : halves[0] + (halves[1] - halves[0]) * factor_at(s, step, StepFactor::kGuidance);
  return s.latents.to(at::kDouble) * factor_at(s, step, StepFactor::kLatent) +
         guided * factor_at(s, step, StepFactor::kPrediction);
}

struct Case {
  int64_t rows;
  at::ScalarType type;
  at::MemoryFormat format;
};

class StepStateTest : public testing::TestWithParam<Case> {
 protected:
  const c10::InferenceMode inference_;
};

TEST_P(StepStateTest, moves_the_latents_and_counts_on) {
  const auto [rows, type, format] = GetParam();
  StepState fused = awkward_state(), plain = copy_of(fused);
  const Tensor input = at::empty({rows, 4, 5, 7}, type).contiguous(format);
  const Tensor plain_input = at::empty_like(input);
  const Tensor time = at::empty({kWidth}, at::kBFloat16), plain_time = at::empty_like(time);
  for (int64_t step = 0; step < kSteps; ++step) {
    begin_step(fused, input, time);
    begin_step_plain(plain, plain_input, plain_time);
    EXPECT_TRUE(at::equal(time, fused.times[step]));
    EXPECT_TRUE(at::equal(plain_time, fused.times[step]));
    const Tensor scaled =
        (fused.latents * factor_at(fused, step, StepFactor::kInputScale)).to(type);
    for (const Tensor& copy : input.chunk(rows / kPictures, 0)) {
      EXPECT_TRUE(at::equal(copy, scaled)) << step;
    }
    EXPECT_TRUE(at::equal(input, plain_input));

    const Tensor prediction = at::randn({rows, 4, 5, 7}).to(type).contiguous(format);
    const Tensor expected = updated_in_double(fused, step, prediction);
    end_step(fused, prediction, /*rescaled=*/false);
    end_step_plain(plain, prediction, /*rescaled=*/false);
    EXPECT_LE(largest_gap(fused.latents, expected), 1e-4 * expected.abs().max().item<double>());
    EXPECT_LE(largest_gap(plain.latents, fused.latents),
              1e-6 * expected.abs().max().item<double>());
    EXPECT_EQ(fused.step.item<int64_t>(), step + 1);
    EXPECT_EQ(plain.step.item<int64_t>(), step + 1);
  }
  EXPECT_TRUE(fused.finite.all().item<bool>());
}

TEST_P(StepStateTest, marks_the_step_that_was_not_finite) {
  const auto [rows, type, format] = GetParam();
  StepState fused = awkward_state(), plain = copy_of(fused);
  for (int64_t step = 0; step < 2; ++step) {
    Tensor prediction = at::zeros({rows, 4, 5, 7}, type);
    if (step == 1) prediction[rows - 1][3][4][6] = INFINITY;
    end_step(fused, prediction, false);
    end_step_plain(plain, prediction, false);
  }
  const Tensor expected = at::tensor({1, 0, 1, 1, 1}, at::kInt).to(at::kBool);
  EXPECT_TRUE(at::equal(fused.finite, expected)) << fused.finite;
  EXPECT_TRUE(at::equal(plain.finite, expected)) << plain.finite;
}

INSTANTIATE_TEST_SUITE_P(, StepStateTest,
                         testing::Values(Case{2, at::kFloat, at::MemoryFormat::Contiguous},
                                         Case{4, at::kFloat, at::MemoryFormat::ChannelsLast},
                                         Case{4, at::kBFloat16, at::MemoryFormat::ChannelsLast},
                                         Case{2, at::kHalf, at::MemoryFormat::ChannelsLast}));

}  // namespace
}  // namespace allaprima::kernels
