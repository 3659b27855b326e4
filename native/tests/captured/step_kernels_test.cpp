// begin_step and end_step by our own kernels, captured and replayed, against the plain ones.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "base/device_stream.h"
#include "fake_cuda/fake_cuda.h"
#include "kernels/step_on_cuda.h"
#include "runtime/graph.h"

namespace allaprima::kernels {
namespace {

const at::Device kCuda(at::kCUDA, 0);
constexpr int64_t kSteps = 7, kPictures = 2, kWidth = 1031;

struct Case {
  int64_t rows;
  at::ScalarType type;
  at::MemoryFormat format;
};

StepState awkward_state() {
  at::manual_seed(6);
  return {at::zeros({1}, at::kLong), at::randn({kSteps, kStepFactors}).exp(),
          at::randn({kSteps, kWidth}).to(at::kBFloat16), at::randn({kPictures, 4, 5, 7}),
          at::ones({kSteps}, at::kBool)};
}

StepState on_device(const StepState& s) {
  return {to_device(s.step, kCuda), to_device(s.factors, kCuda), to_device(s.times, kCuda),
          to_device(s.latents, kCuda), to_device(s.finite, kCuda)};
}

/// Where the numbers lie, in the order they lie in: copies of other layouts are libtorch's kernels.
Tensor as_it_lies(const Tensor& x) {
  return at::from_blob(x.data_ptr(), {x.numel()}, x.options()).to(at::kCPU);
}

class StepKernelsTest : public testing::TestWithParam<Case> {
 protected:
  const c10::InferenceMode inference_;
};

TEST_P(StepKernelsTest, replays_are_the_plain_steps) {
  const auto [rows, type, format] = GetParam();
  use_own_stream(kCuda);
  const StepState plain = awkward_state(), state = on_device(plain);
  const Tensor prediction = at::randn({rows, 4, 5, 7}).to(type).contiguous(format);
  const Tensor input = at::empty_like(prediction), time = at::empty({kWidth}, at::kBFloat16);
  const Tensor device_prediction =
      at::empty(prediction.sizes(), prediction.options().device(kCuda), format);
  at::from_blob(device_prediction.data_ptr(), {prediction.numel()}, device_prediction.options())
      .copy_(at::from_blob(prediction.data_ptr(), {prediction.numel()}, prediction.options()));
  const Tensor device_input = at::empty_like(device_prediction);
  const Tensor device_time = to_device(time, kCuda);

  const auto memory = std::make_shared<runtime::GraphMemory>(kCuda);
  const auto graph = runtime::record(memory, [&] {
    ASSERT_TRUE(begin_step_on_cuda(state, device_input, device_time));
    ASSERT_TRUE(end_step_on_cuda(state, device_prediction));
  });
  EXPECT_EQ(fake_cuda::captured_graph().size(), 3u);
  // Recording ran it: back to the start.
  state.step.copy_(plain.step);
  state.latents.copy_(plain.latents);
  state.finite.copy_(plain.finite);

  for (int64_t step = 0; step < kSteps; ++step) {
    graph->replay();
    begin_step_plain(plain, input, time);
    end_step_plain(plain, prediction, /*rescaled=*/false);
    EXPECT_EQ(state.step.item<int64_t>(), step + 1);
    EXPECT_TRUE(at::equal(device_time.cpu(), plain.times[step]));
    EXPECT_TRUE(at::equal(as_it_lies(device_input), as_it_lies(input))) << step;
    const Tensor gap = (state.latents.cpu() - plain.latents).abs().max();
    EXPECT_LE(gap.item<double>(), 1e-6 * plain.latents.abs().max().item<double>()) << step;
  }
  EXPECT_TRUE(at::equal(state.finite.cpu(), plain.finite));
}

INSTANTIATE_TEST_SUITE_P(, StepKernelsTest,
                         testing::Values(Case{4, at::kBFloat16, at::MemoryFormat::ChannelsLast},
                                         Case{2, at::kBFloat16, at::MemoryFormat::ChannelsLast},
                                         Case{4, at::kHalf, at::MemoryFormat::Contiguous},
                                         Case{4, at::kFloat, at::MemoryFormat::ChannelsLast}));

}  // namespace
}  // namespace allaprima::kernels
