// Compiled runs share one recorded step: whatever else uses it between two of theirs, each draws
// what it draws alone.
#include <gtest/gtest.h>

#include "generation.h"

namespace allaprima::runtime {
namespace {

class RecordedStepTest : public testing::Test {
 protected:
  RecordedStepTest()
      : pipeline_(Pipeline::open(
            {ALLAPRIMA_MODELS "/tiny", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32})) {
    pipeline_->transform({TransformKind::kCompile});
  }

  std::vector<uint8_t> alone(const Request& r) {
    runtime::Run run(*pipeline_, r);
    return generate(run);
  }
  static std::vector<uint8_t> finished(runtime::Run& run) {
    std::vector<uint8_t> rgb(static_cast<size_t>(run.rgb_bytes()));
    run.finish(rgb);
    return rgb;
  }
  int64_t recorded() const { return pipeline_->recordings()->recorded(); }

  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(RecordedStepTest, is_recorded_once_for_a_size) {
  const auto fox = alone(small_picture("a fox", 3));
  EXPECT_EQ(alone(small_picture("a fox", 3)), fox);
  EXPECT_NE(alone(small_picture("a boat", 3)), fox);
  EXPECT_EQ(recorded(), 1);
  alone(small_picture("a fox", 2, 96));
  EXPECT_EQ(recorded(), 2);
  EXPECT_EQ(alone(small_picture("a fox", 3)), fox);
  EXPECT_EQ(recorded(), 2);
}

TEST_F(RecordedStepTest, runs_that_take_turns_draw_what_they_draw_alone) {
  const Request fox = small_picture("a fox", 4), boat = small_picture("a boat at night", 6);
  const auto fox_alone = alone(fox), boat_alone = alone(boat);
  runtime::Run first(*pipeline_, fox), second(*pipeline_, boat);
  for (int64_t step = 0; step < 6; ++step) {
    if (step < 4) first.step();
    second.step();
  }
  EXPECT_EQ(finished(second), boat_alone);
  EXPECT_EQ(finished(first), fox_alone);
  EXPECT_EQ(recorded(), 1);
}

TEST_F(RecordedStepTest, survives_a_run_that_was_left_in_the_middle) {
  const auto fox = alone(small_picture("a fox", 3));
  {
    runtime::Run left(*pipeline_, small_picture("a boat", 5));
    left.step();
    left.step();
  }
  runtime::Run cancelled(*pipeline_, small_picture("a boat", 5));
  cancelled.step();
  cancelled.cancel();
  EXPECT_THROW(cancelled.step(), Error);
  EXPECT_EQ(alone(small_picture("a fox", 3)), fox);
}

TEST_F(RecordedStepTest, a_run_keeps_its_recording_when_others_took_its_place) {
  const Request fox = small_picture("a fox", 3);
  const auto fox_alone = alone(fox);
  runtime::Run run(*pipeline_, fox);
  run.step();
  for (int64_t i = 0; i < static_cast<int64_t>(Recordings::kShapes); ++i) {
    alone(small_picture("a boat", 1, 72 + 8 * i));
  }
  run.step();
  run.step();
  EXPECT_EQ(finished(run), fox_alone);
}

TEST_F(RecordedStepTest, more_steps_than_it_holds_are_recorded_anew) {
  alone(small_picture("a fox", 2));
  alone(small_picture("a fox", 70));
  EXPECT_EQ(recorded(), 2);
  alone(small_picture("a fox", 100));
  alone(small_picture("a fox", 2));
  EXPECT_EQ(recorded(), 2);
}

}  // namespace
}  // namespace allaprima::runtime
