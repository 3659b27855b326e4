// What the fields of a request do, and what is kept between requests.
#include "runtime/request.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "../expect_says.h"
#include "base/error.h"
#include "io/tensors.h"
#include "runtime/run.h"

namespace allaprima::runtime {
namespace {

class RequestTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pipeline_ = Pipeline::open(
        {ALLAPRIMA_TEST_DATA "/pipelines/a", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32});
  }
  static void TearDownTestSuite() { pipeline_.reset(); }

  RequestTest() {
    request_.prompt = "a red apple";
    request_.negative_prompt = "blurry";
    request_.steps = 2;
    request_.width = request_.height = 16;
    request_.seed = 7;
    request_.keep_stages = true;
  }

  static std::unique_ptr<runtime::Run> drawn(const Request& request) {
    auto run = std::make_unique<runtime::Run>(*pipeline_, request);
    for (int64_t i = 0; i < request.steps; ++i) run->step();
    std::vector<uint8_t> rgb(static_cast<size_t>(run->rgb_bytes()));
    run->finish(rgb);
    return run;
  }

  static int64_t factor() { return pipeline_->vae().config().factor(); }

  static Tensor latents(const Request& request) { return drawn(request)->stage("latents"); }

  static std::string refusal(const Request& request) {
    try {
      runtime::Run run(*pipeline_, request);
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument);
      return error.what();
    }
  }

  static std::pair<int64_t, int64_t> hits_and_misses(const runtime::Run& run) {
    const Json cache = run.report()["prompt_cache"];
    return {cache["hits"], cache["misses"]};
  }

  static inline std::unique_ptr<Pipeline> pipeline_;
  const c10::InferenceMode inference_;
  Request request_;
};

double distance(const Tensor& ours, const Tensor& theirs) {
  return ((ours - theirs).norm() / theirs.norm()).item<double>();
}

TEST_F(RequestTest, each_field_changes_the_picture) {
  const Tensor plain = latents(request_);
  const auto changes = [&](const char* field, auto change) {
    Request other = request_;
    change(other);
    EXPECT_GT(distance(latents(other), plain), 1e-4) << field;
  };
  changes("prompt_2", [](Request& r) { r.prompt_2 = "a castle"; });
  changes("negative_prompt_2", [](Request& r) { r.negative_prompt_2 = "a castle"; });
  changes("clip_skip", [](Request& r) { r.clip_skip = 1; });
  changes("guidance_rescale", [](Request& r) { r.guidance_rescale = 0.7; });
  changes("original", [](Request& r) { r.sizes.original_width = r.sizes.original_height = 99; });
  changes("crop_left", [](Request& r) { r.sizes.crop_left = 40; });
  changes("crop_top", [](Request& r) { r.sizes.crop_top = 40; });
  changes("target", [](Request& r) { r.sizes.target_width = r.sizes.target_height = 99; });
  changes("negative sizes", [](Request& r) { r.negative_sizes = {64, 64, 8, 8, 64, 64}; });
}

TEST_F(RequestTest, takes_negative_sizes_only_with_original_and_target) {
  Request other = request_;
  other.negative_sizes = {64, 64, 8, 8, 0, 0};
  EXPECT_TRUE(at::equal(latents(other), latents(request_)));
}

TEST_F(RequestTest, takes_an_empty_second_prompt_for_the_first) {
  Request other = request_;
  other.prompt_2 = request_.prompt;
  other.negative_prompt_2 = *request_.negative_prompt;
  EXPECT_TRUE(at::equal(latents(other), latents(request_)));
}

TEST_F(RequestTest, draws_in_a_batch_what_each_seed_draws_alone) {
  Request batch = request_;
  batch.images = 3;
  batch.seeds = {7, 8, 1ull << 63};
  batch.sizes = {99, 64, 8, 0, 0, 0};
  batch.negative_sizes = {64, 64, 8, 8, 64, 64};
  const auto together = drawn(batch);
  for (int64_t i = 0; i < 3; ++i) {
    Request alone = batch;
    alone.images = 1;
    alone.seeds.clear();
    alone.seed = batch.seeds[static_cast<size_t>(i)];
    const auto one = drawn(alone);
    for (const char* stage : {"latents", "image"}) {
      EXPECT_LE(distance(together->stage(stage).slice(0, i, i + 1), one->stage(stage)), 1e-5)
          << stage << " of picture " << i;
    }
  }
}

TEST_F(RequestTest, refuses_values_out_of_range_by_name) {
  const auto refused = [&](auto change) {
    Request other = request_;
    change(other);
    return refusal(other);
  };
  expect_says(refused([](Request& r) { r.clip_skip = 5; }), {"clip_skip is 5, expected 0 to 4"});
  expect_says(refused([](Request& r) { r.clip_skip = -1; }), {"clip_skip is -1"});
  expect_says(refused([](Request& r) { r.guidance_rescale = 1.5; }), {"guidance_rescale is 1.5"});
  expect_says(refused([](Request& r) { r.guidance_rescale = NAN; }), {"guidance_rescale is nan"});
  expect_says(refused([](Request& r) { r.seeds = {1, 2}; }), {"2 seeds are given for 1 images"});
  expect_says(refused([](Request& r) { r.sizes.original_width = 64; }), {"original size is 64x0"});
  expect_says(refused([](Request& r) { r.sizes.crop_top = -1; }), {"crop_top is -1"});
  expect_says(refused([](Request& r) { r.prompt_2 = "\xff"; }), {"not UTF-8 at byte 0"});
}

TEST_F(RequestTest, refuses_more_pixels_than_can_be_drawn_together) {
  request_.images = 64;
  request_.width = 1024;
  request_.height = 1032;
  expect_says(refusal(request_), {"64 images of 1024x1032", "67633152 pixels", "67108864"});
}

TEST_F(RequestTest, tells_no_seed_that_was_not_used) {
  EXPECT_EQ(drawn(request_)->report()["seed"], 7);
  EXPECT_TRUE(drawn(request_)->report()["latents"].is_null());
  const auto file = std::filesystem::temp_directory_path() /
                    ("allaprima-noise-" + std::to_string(::getpid()) + ".safetensors");
  save_tensors(file, {{"latents", at::ones({1, 4, 16 / factor(), 16 / factor()})}}, {});
  request_.latents = file;
  const Json report = drawn(request_)->report();
  request_.seeds = {8};
  EXPECT_EQ(drawn(request_)->report()["seeds"], Json::array());
  std::filesystem::remove(file);
  EXPECT_TRUE(report["seed"].is_null());
  EXPECT_EQ(report["latents"], file.string());
  EXPECT_EQ(report["model"], "a");
}

TEST_F(RequestTest, encodes_a_text_once_and_gives_the_same_bits_again) {
  request_.prompt = "seen by no other test";
  request_.negative_prompt = "nor this one";
  const auto first = drawn(request_), again = drawn(request_);
  EXPECT_EQ(hits_and_misses(*first), std::pair(0l, 4l)) << "two texts, two encoders";
  EXPECT_EQ(hits_and_misses(*again), std::pair(4l, 0l));
  for (const char* stage :
       {"token_ids", "token_ids_2", "hidden_states", "hidden_states_2", "pooled", "latents"}) {
    EXPECT_TRUE(at::equal(first->stage(stage), again->stage(stage))) << stage;
  }
}

TEST_F(RequestTest, encodes_again_only_what_changed) {
  request_.prompt = "changed by and by";
  request_.negative_prompt = "and what to keep away from";
  drawn(request_);
  request_.clip_skip = 1;
  EXPECT_EQ(hits_and_misses(*drawn(request_)), std::pair(2l, 2l)) << "the negative one never skips";
  request_.prompt_2 = "another for the second";
  EXPECT_EQ(hits_and_misses(*drawn(request_)), std::pair(3l, 1l));
  request_.guidance = 1;
  EXPECT_EQ(hits_and_misses(*drawn(request_)), std::pair(2l, 0l)) << "no negative row";
}

TEST_F(RequestTest, gives_the_same_bits_whatever_was_encoded_before) {
  const Tensor after_others = latents(request_);
  TearDownTestSuite();
  SetUpTestSuite();
  EXPECT_TRUE(at::equal(latents(request_), after_others));
}

TEST_F(RequestTest, reports_the_words_that_no_encoder_saw) {
  request_.prompt.clear();
  for (int i = 0; i < 75; ++i) request_.prompt += "a ";
  request_.prompt += "Red  dragon";
  request_.negative_prompt_2 = request_.prompt + " , fog";
  const Json dropped = drawn(request_)->report()["dropped"];
  const Json expected = {
      {{"prompt", "negative_prompt_2"}, {"words", {"red", "dragon", ",", "fog"}}},
      {{"prompt", "prompt"}, {"words", {"red", "dragon"}}}};
  EXPECT_EQ(dropped, expected);
}

TEST(TextCache, keeps_those_that_were_used_last) {
  TextCache cache;
  const auto key = [](int64_t i) { return TextKey{{i}, 0}; };
  for (int64_t i = 0; i < 40; ++i) {
    cache.insert(key(i), {at::full({1}, i), Tensor()});
    EXPECT_NE(cache.find(key(0)), nullptr) << "was used just before";
  }
  EXPECT_EQ(cache.size(), TextCache::kCapacity);
  EXPECT_EQ(cache.find(key(8)), nullptr);
  EXPECT_EQ(cache.find(key(39))->hidden.item<int64_t>(), 39);
  EXPECT_EQ(cache.find({{39}, 1}), nullptr) << "another clip_skip";
}

}  // namespace
}  // namespace allaprima::runtime
