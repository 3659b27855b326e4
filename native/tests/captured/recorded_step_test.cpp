// A recorded step alone: what is captured, what its replays do, how many are kept.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "fake_cuda/fake_cuda.h"
#include "network.h"

namespace allaprima::runtime {
namespace {

const std::filesystem::path kTiny = ALLAPRIMA_MODELS "/tiny";

class CapturedStepTest : public testing::Test {
 protected:
  const c10::InferenceMode inference_;
  Network network_{kTiny};
};

TEST_F(CapturedStepTest, thirty_replays_count_to_thirty_without_the_host) {
  const Inputs inputs(network_, 30, 8);
  Recordings recordings(kCuda);
  const auto step = recordings.step(network_.denoiser(), inputs.shape, inputs.input());
  step->load(this, inputs.input(), inputs.latents, 0, nullptr);
  fake_cuda::reset_counters();
  const StopFlag stop;
  for (int i = 0; i < 30; ++i) step->replay(stop);
  const auto counted = fake_cuda::counters();
  EXPECT_EQ(counted.graph_launches, 30);
  EXPECT_EQ(counted.copies_to_device, 0);
  EXPECT_EQ(counted.copies_to_host, 0);
  EXPECT_EQ(counted.fills, 0);
  EXPECT_EQ(counted.kernels, 0);
  EXPECT_EQ(counted.stream_synchronisations + counted.device_synchronisations, 0);
  EXPECT_EQ(step->state().step.item<int64_t>(), 30);
}

TEST_F(CapturedStepTest, a_size_more_than_are_kept_evicts_the_one_not_used_longest) {
  Recordings recordings(kCuda, /*shapes=*/2);
  const Inputs small(network_, 4, 8), wide(network_, 4, 12), large(network_, 4, 16);
  const auto record = [&](const Inputs& inputs) {
    return std::weak_ptr<RecordedStep>(
        recordings.step(network_.denoiser(), inputs.shape, inputs.input()));
  };
  const auto first = record(small), second = record(wide);
  EXPECT_NE(first.lock(), second.lock());
  EXPECT_EQ(record(small).lock(), first.lock());
  EXPECT_EQ(recordings.recorded(), 2);
  record(large);
  EXPECT_FALSE(first.expired());
  EXPECT_TRUE(second.expired());
  EXPECT_EQ(recordings.recorded(), 3);
}

TEST_F(CapturedStepTest, batches_and_guidance_are_shapes_of_their_own) {
  Recordings recordings(kCuda);
  const Inputs one(network_, 4, 8), two(network_, 4, 8, /*images=*/2);
  recordings.step(network_.denoiser(), one.shape, one.input());
  recordings.step(network_.denoiser(), two.shape, two.input());
  EXPECT_EQ(recordings.recorded(), 2);
}

/// An operation that makes the host wait, as a careless change could bring.
Tensor attention_that_looks(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads) {
  static_cast<void>(q.flatten()[0].item());
  return kernels::plain_ops().attention(q, k, v, heads);
}

TEST_F(CapturedStepTest, what_makes_the_host_wait_is_named_and_leaves_nothing_behind) {
  Recordings recordings(kCuda);
  const Inputs inputs(network_, 4, 8);
  kernels::Ops careless = kernels::plain_ops();
  careless.attention = attention_that_looks;
  Denoiser denoiser = network_.denoiser();
  try {
    recordings.step({denoiser.unet, careless, denoiser.dtype, denoiser.format}, inputs.shape,
                    inputs.input());
    FAIL() << "it was captured";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("aten::_local_scalar_dense"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(recordings.recorded(), 0);
  const auto step = recordings.step(denoiser, inputs.shape, inputs.input());
  step->load(this, inputs.input(), inputs.latents, 0, nullptr);
  step->replay(StopFlag());
  EXPECT_EQ(step->state().step.item<int64_t>(), 1);
}

TEST_F(CapturedStepTest, keeps_the_workspace_of_products_when_another_recording_goes) {
  const Inputs inputs(network_, 4, 8), others(network_, 4, 12);
  Recordings recordings(kCuda);
  const auto step = recordings.step(network_.denoiser(), inputs.shape, inputs.input());
  {
    Recordings other(kCuda);
    other.step(network_.denoiser(), others.shape, others.input());
  }
  release_unused_memory(kCuda);
  step->load(this, inputs.input(), inputs.latents, 0, nullptr);
  fake_cuda::reset_counters();
  step->replay(StopFlag());
  EXPECT_EQ(fake_cuda::counters().freed_workspaces, 0);
}

TEST_F(CapturedStepTest, needs_no_more_memory_to_be_recorded_than_to_be_replayed) {
  const Inputs inputs(network_, 4, 128);
  release_unused_memory(kCuda);
  const size_t before = fake_cuda::memory().allocated;
  size_t held = 0;
  {
    Recordings recordings(kCuda);
    recordings.step(network_.denoiser(), inputs.shape, inputs.input());
    release_unused_memory(kCuda);
    held = fake_cuda::memory().allocated - before;
  }
  release_unused_memory(kCuda);
  fake_cuda::set_memory_limit(before + held + held / 4);
  Recordings recordings(kCuda);
  recordings.step(network_.denoiser(), inputs.shape, inputs.input());
  fake_cuda::set_memory_limit(0);
  EXPECT_EQ(recordings.recorded(), 1);
}

TEST_F(CapturedStepTest, gives_its_memory_back) {
  release_unused_memory(kCuda);
  const size_t before = fake_cuda::memory().allocated;
  {
    Recordings recordings(kCuda);
    const Inputs inputs(network_, 4, 64);
    recordings.step(network_.denoiser(), inputs.shape, inputs.input());
    EXPECT_GT(recordings.bytes(), 0);
    EXPECT_GE(fake_cuda::memory().allocated, before + static_cast<size_t>(recordings.bytes()));
  }
  release_unused_memory(kCuda);
  EXPECT_EQ(fake_cuda::memory().allocated, before);
}

}  // namespace
}  // namespace allaprima::runtime
