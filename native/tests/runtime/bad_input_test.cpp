// Every kind of bad input that a user can bring: an error with a code and a sentence that says what
// was found and what was expected, and a pipeline that stays usable.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "bad_models.h"
#include "generation.h"
#include "io/tensors.h"
#include "runtime/initial_noise.h"

namespace allaprima::runtime {
namespace {

namespace fs = std::filesystem;

class BadModelTest : public testing::TestWithParam<BadModel> {};

TEST_P(BadModelTest, is_refused) {
  const ModelCopy model;
  GetParam().damage(model);
  PipelineOptions options = GetParam().options;
  options.model = model.folder();
  options.device = DeviceChoice::kCpu;
  try {
    Pipeline::open(options);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), GetParam().code);
    expect_says(error.what(), GetParam().says);
  }
}

INSTANTIATE_TEST_SUITE_P(, BadModelTest, testing::ValuesIn(bad_models()),
                         [](const auto& info) { return std::string(info.param.name); });

struct BadRequest {
  const char* name;
  std::function<void(Request&)> damage;
  std::vector<std::string> says;
  Code code = Code::kInvalidArgument;

  friend void PrintTo(const BadRequest& c, std::ostream* out) { *out << c.name; }
};

fs::path latents_file() {
  return fs::temp_directory_path() / ("allaprima-latents-" + std::to_string(::getpid()));
}

std::function<void(Request&)> starts_from(const Tensor& latents,
                                          const std::map<std::string, std::string>& metadata = {}) {
  return [=](Request& request) {
    request.latents = latents_file();
    save_tensors(request.latents, {{"latents", latents}}, metadata);
  };
}

const std::vector<BadRequest>& bad_requests() {
  static const std::vector<BadRequest> kCases{
      {"width_13", [](Request& r) { r.width = 13; }, {"width is 13", "multiple of 8"}},
      {"height_4", [](Request& r) { r.height = 4; }, {"height is 4", "multiple of 8"}},
      {"negative_width", [](Request& r) { r.width = -64; }, {"width is -64"}},
      {"huge_side", [](Request& r) { r.width = 16392; }, {"width is 16392", "16384"}},
      {"huge_picture",
       [](Request& r) { r.width = r.height = 16384; },
       {"16384x16384 is 268435456 pixels", "at most 8388607"}},
      {"no_steps", [](Request& r) { r.steps = 0; }, {"steps is 0", "1 to 1000"}},
      {"too_many_steps", [](Request& r) { r.steps = 1001; }, {"steps is 1001", "1 to 1000"}},
      {"guidance_nan", [](Request& r) { r.guidance = NAN; }, {"guidance is nan", "finite"}},
      {"guidance_infinite", [](Request& r) { r.guidance = INFINITY; }, {"guidance is inf"}},
      {"no_images", [](Request& r) { r.images = 0; }, {"images is 0", "1 to 64"}},
      {"prompt_that_is_no_utf8", [](Request& r) { r.prompt = "\xff\xfe"; }, {"UTF-8"}},
      {"latents_not_there",
       [](Request& r) { r.latents = "/no/such/file"; },
       {"/no/such/file"},
       Code::kIo},
      {"latents_that_are_no_safetensors",
       [](Request& r) {
         r.latents = latents_file();
         std::ofstream(r.latents) << "junk that is longer than eight bytes";
       },
       {"not a safetensors file"}},
      {"latents_of_another_shape",
       starts_from(at::zeros({1, 4, 9, 8})),
       {"[1, 4, 9, 8]", "[1, 4, 8, 8]"}},
      {"latents_not_finite", starts_from(at::full({1, 4, 8, 8}, NAN)), {"not finite"}},
      {"final_latents",
       starts_from(at::ones({1, 4, 8, 8}), {{kLatentsAre, kFinalLatents}}),
       {"finished latents", "noise to start from"}},
      {"latents_beside_their_picture",
       [](Request& r) {
         r.latents = latents_file();
         save_tensors(r.latents,
                      {{"latents", at::ones({1, 4, 8, 8})}, {"image", at::ones({1, 3, 64, 64})}},
                      {});
       },
       {"finished latents"}},
  };
  return kCases;
}

Request small_request() {
  Request request;
  request.prompt = "a red apple";
  request.steps = 2;
  request.width = request.height = 64;
  return request;
}

void draw(Pipeline& pipeline, const Request& request) {
  runtime::Run run(pipeline, request);
  generate(run);
}

TEST(BadRequestTest, each_is_refused_and_the_pipeline_stays_usable) {
  const c10::InferenceMode inference;
  const auto pipeline =
      Pipeline::open({ALLAPRIMA_MODELS "/tiny", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32});
  for (const BadRequest& bad : bad_requests()) {
    SCOPED_TRACE(bad.name);
    Request request = small_request();
    bad.damage(request);
    try {
      runtime::Run run(*pipeline, request);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), bad.code);
      expect_says(error.what(), bad.says);
    }
  }
  fs::remove(latents_file());
  draw(*pipeline, small_request());
}

TEST(BadRequestTest, takes_no_latents_that_it_saved) {
  const c10::InferenceMode inference;
  const auto pipeline =
      Pipeline::open({ALLAPRIMA_MODELS "/tiny", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32});
  runtime::Run run(*pipeline, small_request());
  run.step();
  run.step();
  run.save_latents(latents_file());  // before the picture: only the metadata tells
  Request again = small_request();
  again.latents = latents_file();
  EXPECT_THROW(runtime::Run(*pipeline, again), Error);
  fs::remove(latents_file());
}

std::string not_finite(const ModelCopy& model, PrecisionChoice precision) {
  const c10::InferenceMode inference;
  const auto pipeline = Pipeline::open({model.folder(), DeviceChoice::kCpu, 0, precision});
  Request request = small_request();
  request.width = request.height = 32;
  try {
    draw(*pipeline, request);
    return "finite";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kNotFinite) << error.what();
    return error.what();
  }
}

TEST(NotFiniteTest, names_the_stage_and_the_step) {
  {
    const ModelCopy model;
    model.fill_with_nan("text_encoder_2/model.safetensors", "text_projection.weight");
    expect_says(not_finite(model, PrecisionChoice::kFp32), {"the pooled text"});
  }
  {
    const ModelCopy model;
    model.fill_with_nan(kUnet, "conv_out.bias");
    expect_says(not_finite(model, PrecisionChoice::kFp32), {"the latents after step 1 of 2"});
  }
  {
    const ModelCopy model;
    model.fill_with_nan(kVae, "decoder.conv_out.bias");
    expect_says(not_finite(model, PrecisionChoice::kFp32), {"the VAE's output"});
  }
}

// The same checkpoint: without its force_upcast the picture is lost.
TEST(NotFiniteTest, a_vae_that_outgrows_fp16_computes_in_fp32_when_its_configuration_says_so) {
  const ModelCopy model(ALLAPRIMA_TEST_DATA "/pipelines/f");
  EXPECT_EQ(not_finite(model, PrecisionChoice::kFp16), "finite");
  const Json plan = Pipeline::open({model.folder(), DeviceChoice::kCpu, 0, PrecisionChoice::kFp16})
                        ->plan(Pipeline::Detail::kShort);
  ASSERT_EQ(plan.size(), 2u) << plan;
  EXPECT_EQ(plan[1]["transform"], "vae_upcast");
  EXPECT_EQ(plan[1]["bytes_after"], 2 * plan[1]["bytes_before"].get<int64_t>());
  model.change("vae/config.json", "force_upcast", false);
  expect_says(not_finite(model, PrecisionChoice::kFp16), {"the VAE's output", "fp32"});
  EXPECT_EQ(not_finite(model, PrecisionChoice::kFp32), "finite");
}

}  // namespace
}  // namespace allaprima::runtime
