// A compiled pipeline on CUDA, on the fake runtime: the real libtorch captures and replays; its own
// kernels and libraries are names only, ours and all copies compute.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "../runtime/generation.h"
#include "base/device_stream.h"
#include "fake_cuda/fake_cuda.h"

namespace allaprima::runtime {
namespace {

using Pictures = runtime::Run;

std::unique_ptr<Pipeline> open() {
  return Pipeline::open({ALLAPRIMA_MODELS "/tiny", DeviceChoice::kCuda, 0, PrecisionChoice::kBf16});
}

/// Without values the result is neither finite nor not: that it was looked at is enough.
void finish(Pictures& run) {
  std::vector<uint8_t> rgb(static_cast<size_t>(run.rgb_bytes()));
  try {
    run.finish(rgb);
  } catch (const Error& error) {
    if (error.code() != Code::kNotFinite) throw;
  }
}

void draw(Pipeline& pipeline, const Request& r) {
  Pictures run(pipeline, r);
  for (int64_t i = 0; i < r.steps; ++i) run.step();
  finish(run);
}

class CapturedPipelineTest : public testing::Test {
 protected:
  CapturedPipelineTest() : pipeline_(open()) {
    pipeline_->transform({TransformKind::kFuseQkv});
    pipeline_->transform({TransformKind::kCompile});
  }
  ~CapturedPipelineTest() override { fake_cuda::set_memory_limit(0); }

  const c10::InferenceMode inference_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(CapturedPipelineTest, says_that_a_step_is_a_graph) {
  EXPECT_EQ(pipeline_->plan(Pipeline::Detail::kShort).back()["transform"], "cuda_graph");
}

TEST_F(CapturedPipelineTest, nothing_waits_between_begin_and_finish) {
  draw(*pipeline_, small_picture("a fox", 2));  // records
  fake_cuda::reset_counters();
  Pictures run(*pipeline_, small_picture("a boat at night", 30));
  run.encode();
  auto counted = fake_cuda::counters();
  EXPECT_EQ(counted.graph_launches, 2);  // the text encoders, a row each: no negative prompt
  for (int64_t i = 0; i < 30; ++i) run.step();
  counted = fake_cuda::counters();
  EXPECT_EQ(counted.device_synchronisations, 0);
  EXPECT_EQ(counted.stream_synchronisations, 0);
  EXPECT_EQ(counted.blocking_copies, 0);
  EXPECT_EQ(counted.copies_to_host, 0);
  EXPECT_EQ(counted.graph_launches, 32);
  EXPECT_EQ(counted.event_synchronisations, 29);  // at most two steps are under way
  EXPECT_EQ(counted.captured_nodes, 0);

  fake_cuda::reset_counters();
  finish(run);
  counted = fake_cuda::counters();
  EXPECT_EQ(counted.stream_synchronisations + counted.device_synchronisations, 1);
  EXPECT_EQ(counted.blocking_copies, 0);
  EXPECT_EQ(counted.graph_launches, 1);  // the decoder
  EXPECT_EQ(counted.copies_to_host, 2);  // the picture, and what was finite
}

TEST_F(CapturedPipelineTest, between_two_steps_the_host_launches_one_graph_and_nothing_else) {
  draw(*pipeline_, small_picture("a fox", 2));
  Pictures run(*pipeline_, small_picture("a fox", 30));
  run.step();
  fake_cuda::reset_counters();
  for (int64_t i = 1; i < 29; ++i) run.step();  // the last takes the latents out
  const auto counted = fake_cuda::counters();
  EXPECT_EQ(counted.graph_launches, 28);
  EXPECT_EQ(counted.kernels + counted.fills, 0);
  EXPECT_EQ(counted.copies_to_device + counted.copies_on_device + counted.copies_to_host, 0);
}

TEST_F(CapturedPipelineTest, a_size_is_recorded_once) {
  draw(*pipeline_, small_picture("a fox", 2));
  const int64_t recorded = pipeline_->recordings()->recorded();
  EXPECT_EQ(recorded, 4);  // two encoders, a step, a decode
  draw(*pipeline_, small_picture("a boat", 5));
  EXPECT_EQ(pipeline_->recordings()->recorded(), recorded);
  draw(*pipeline_, small_picture("a fox", 2, 96));
  EXPECT_EQ(pipeline_->recordings()->recorded(), recorded + 2);
}

TEST_F(CapturedPipelineTest, runs_take_turns) {
  draw(*pipeline_, small_picture("a fox", 2));
  Pictures first(*pipeline_, small_picture("a fox", 3)),
      second(*pipeline_, small_picture("a boat", 3));
  for (int64_t i = 0; i < 3; ++i) {
    first.step();
    second.step();
  }
  finish(second);
  finish(first);
}

TEST_F(CapturedPipelineTest, cancel_is_heard_between_steps_and_the_next_run_works) {
  Pictures run(*pipeline_, small_picture("a fox", 30));
  run.step();
  run.cancel();
  EXPECT_THROW(run.step(), Error);
  draw(*pipeline_, small_picture("a fox", 2));
}

TEST_F(CapturedPipelineTest, recordings_make_room_where_memory_runs_out) {
  draw(*pipeline_, small_picture("a fox", 2, 512));
  const auto memory = fake_cuda::memory();
  // Not enough for another size beside the first.
  fake_cuda::set_memory_limit(memory.allocated + (2 << 20));
  draw(*pipeline_, small_picture("a fox", 2, 480));
  EXPECT_LE(fake_cuda::memory().allocated, memory.allocated + (2 << 20));
}

TEST(ClosedPipelineTest, gives_all_memory_back) {
  const c10::InferenceMode inference;
  use_own_stream(at::Device(at::kCUDA, 0));
  draw(
      *[] {
        auto pipeline = open();
        pipeline->transform({TransformKind::kCompile});
        return pipeline;
      }(),
      small_picture("a fox", 2));
  const size_t left = fake_cuda::memory().allocated;
  {
    auto pipeline = open();
    pipeline->transform({TransformKind::kCompile});
    draw(*pipeline, small_picture("a fox", 2));
    EXPECT_GT(fake_cuda::memory().allocated, left);
  }
  EXPECT_EQ(fake_cuda::memory().allocated, left);
  EXPECT_EQ(left, 0u) << "of libraries, not of the pipeline";
}

TEST(ClosedPipelineTest, too_little_memory_is_said_with_what_was_asked) {
  const c10::InferenceMode inference;
  fake_cuda::set_memory_limit(fake_cuda::memory().allocated + 100'000);
  try {
    open();
    fake_cuda::set_memory_limit(0);
    FAIL() << "it was opened";
  } catch (const c10::OutOfMemoryError& error) {
    EXPECT_NE(std::string(error.what()).find("Tried to allocate"), std::string::npos);
  }
  fake_cuda::set_memory_limit(0);
  open();
}

}  // namespace
}  // namespace allaprima::runtime
