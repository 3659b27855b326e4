// Every kind of bad input that a user can bring: an error with a code and a sentence that says what
// was found and what was expected, and a pipeline that stays usable.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "io/tensors.h"
#include "model_copy.h"
#include "runtime/initial_noise.h"
#include "runtime/run.h"

namespace allaprima::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnet = "unet/diffusion_pytorch_model.safetensors";
constexpr const char* kVae = "vae/diffusion_pytorch_model.safetensors";

struct BadModel {
  const char* name;
  std::function<void(const ModelCopy&)> damage;
  std::vector<std::string> says;
  Code code = Code::kInvalidModel;
  PipelineOptions options = {};

  friend void PrintTo(const BadModel& c, std::ostream* out) { *out << c.name; }
};

void cut(const fs::path& file, uintmax_t bytes) {
  fs::resize_file(file, fs::file_size(file) - bytes);
}

std::string with_header(uint64_t length, const std::string& header) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header;
}

const std::vector<BadModel>& bad_models() {
  static const std::vector<BadModel> kCases{
      {"no_folder",
       [](const ModelCopy& m) { fs::remove_all(m.folder()); },
       {"there is no such folder", "model_index.json"}},
      {"a_file_for_a_folder",
       [](const ModelCopy& m) {
         fs::remove_all(m.folder());
         std::ofstream(m.folder()) << "weights";
       },
       {"is a file", "a folder in diffusers' format"}},
      {"no_model_index",
       [](const ModelCopy& m) { fs::remove(m / "model_index.json"); },
       {"model_index.json", "no diffusers folder"}},
      {"another_pipeline",
       [](const ModelCopy& m) {
         m.change("model_index.json", "_class_name", "StableDiffusionPipeline");
       },
       {"StableDiffusionPipeline'", "StableDiffusionXLPipeline is"}},
      {"component_not_in_the_index",
       [](const ModelCopy& m) { m.change("model_index.json", "vae", Json()); },
       {"model_index.json", "'vae' is null", "needs this component"}},
      {"component_without_folder",
       [](const ModelCopy& m) { fs::rename(m / "text_encoder_2", m / "text_encoder2"); },
       {"/text_encoder_2", "there is no such folder", "model_index.json names"}},
      {"no_config",
       [](const ModelCopy& m) { fs::remove(m / "unet/config.json"); },
       {"unet/config.json", "cannot be read"}},
      {"broken_json",
       [](const ModelCopy& m) { m.write("vae/config.json", "{\"act_fn\":"); },
       {"vae/config.json", "not valid JSON"}},
      {"json_of_another_kind",
       [](const ModelCopy& m) { m.write("vae/config.json", "[1]"); },
       {"vae/config.json", "is not a JSON object"}},
      {"json_nested_without_end",
       [](const ModelCopy& m) {
         m.write("unet/config.json",
                 "{\"act_fn\":" + std::string(200000, '[') + std::string(200000, ']') + "}");
       },
       {"unet/config.json", "nested more than 32 deep"}},
      {"another_architecture",
       [](const ModelCopy& m) { m.change("unet/config.json", "act_fn", "gelu"); },
       {"unet/config.json", "'act_fn'", "\"gelu\"", "\"silu\""}},
      {"configuration_that_would_take_all_memory",
       [](const ModelCopy& m) { m.change("unet/config.json", "layers_per_block", 200000); },
       {"'layers_per_block' is 200000", "128"}},
      {"number_that_is_not_whole",
       [](const ModelCopy& m) { m.change("unet/config.json", "norm_num_groups", 4.9); },
       {"'norm_num_groups' is 4.9", "whole number"}},
      {"unknown_scheduler",
       [](const ModelCopy& m) {
         m.change("scheduler/scheduler_config.json", "_class_name", "NoSuchScheduler");
       },
       {"scheduler_config.json", "NoSuchScheduler"}},
      {"tokenizer_longer_than_its_encoder",
       [](const ModelCopy& m) {
         m.change("tokenizer/tokenizer_config.json", "model_max_length", 100);
       },
       {"100 and 77 tokens"}},
      {"no_weights",
       [](const ModelCopy& m) { fs::remove(m / kUnet); },
       {"/unet", "there is no diffusion_pytorch_model.safetensors"}},
      {"pickled_weights",
       [](const ModelCopy& m) { fs::rename(m / kUnet, m / "unet/diffusion_pytorch_model.bin"); },
       {"/unet", "Python's own format"}},
      {"git_lfs_pointer",
       [](const ModelCopy& m) { m.write(kUnet, "version https://git-lfs.github.com/spec/v1\n"); },
       {kUnet, "Git LFS", "git lfs pull"}},
      {"empty_weights",
       [](const ModelCopy& m) { m.write(kUnet, ""); },
       {kUnet, "0 bytes", "too short"}},
      {"weights_cut_short",
       [](const ModelCopy& m) { cut(m / kUnet, 1); },
       {kUnet, "cut short", "download it again"}},
      {"header_of_2_to_the_63_bytes",
       [](const ModelCopy& m) { m.write(kVae, with_header(uint64_t{1} << 63, "{}")); },
       {kVae, "9223372036854775808"}},
      {"overlapping_weights",
       [](const ModelCopy& m) {
         const std::string header = R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
                                    R"("b":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}})";
         m.write(kVae, with_header(header.size(), header + "123456"));
       },
       {kVae, "'a' and 'b' overlap"}},
      {"weights_that_lie_about_their_size",
       [](const ModelCopy& m) {
         const std::string header = R"({"a":{"dtype":"F16","shape":[7],"data_offsets":[0,4]}})";
         m.write(kVae, with_header(header.size(), header + "1234"));
       },
       {kVae, "'a'", "has 4 bytes of data, its shape and dtype need 14"}},
      {"weights_of_integers",
       [](const ModelCopy& m) {
         m.rewrite(kVae, [](auto& tensors) {
           for (auto& tensor : tensors) {
             if (tensor.name == "post_quant_conv.bias") tensor.dtype = "U32";
           }
         });
       },
       {kVae, "'post_quant_conv.bias'", "dtype U32 is not supported"}},
      {"two_variants_and_no_plain_weights",
       [](const ModelCopy& m) {
         fs::copy(m / kUnet, m / "unet/diffusion_pytorch_model.ema.safetensors");
         fs::rename(m / kUnet, m / "unet/diffusion_pytorch_model.fp16.safetensors");
       },
       {"/unet", "several variants: ema, fp16", "which one"}},
      {"variant_that_no_component_has",
       [](const ModelCopy&) {},
       {"no component has the variant 'fp16'"},
       Code::kInvalidModel,
       {"", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32, "fp16"}},
      {"variant_that_is_a_path",
       [](const ModelCopy&) {},
       {"\"../fp16\"", "expected a word"},
       Code::kInvalidArgument,
       {"", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32, "../fp16"}},
      {"variant_of_dots",
       [](const ModelCopy&) {},
       {"\"..\""},
       Code::kInvalidArgument,
       {"", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32, ".."}},
  };
  return kCases;
}

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
  for (int64_t i = 0; i < request.steps; ++i) run.step();
  std::vector<uint8_t> rgb(static_cast<size_t>(run.rgb_bytes()));
  run.finish(rgb);
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
