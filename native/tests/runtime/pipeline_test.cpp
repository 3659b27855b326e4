// What a damaged or unsupported checkpoint gets: an error that names the place, found and expected.
#include "runtime/pipeline.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "runtime/run.h"

namespace allaprima::runtime {
namespace {

namespace fs = std::filesystem;

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    fs::remove_all(folder_);
    fs::copy(ALLAPRIMA_MODELS "/tiny", folder_, fs::copy_options::recursive);
  }
  ~PipelineTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Pipeline> open(PrecisionChoice precision = PrecisionChoice::kFp32) {
    return Pipeline::open({folder_, DeviceChoice::kCpu, 0, precision});
  }

  std::string refusal() {
    try {
      open();
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidModel) << error.what();
      return error.what();
    }
  }

  void change(const fs::path& file, const std::string& key, const Json& value) {
    Json json = read_json(folder_ / file);
    json[key] = value;
    std::ofstream(folder_ / file) << json;
  }

  /// The weights file again, with the header text changed by `edit`.
  template <class Edit>
  void rewrite(const fs::path& file, Edit edit) {
    std::vector<TensorToWrite> tensors;
    const fs::path copy = folder_ / "copy.safetensors";
    fs::rename(folder_ / file, copy);
    const SafetensorsFile source(copy);
    for (const auto& [name, entry] : source.tensors()) {
      tensors.push_back({name, entry.dtype, entry.shape, entry.data});
    }
    edit(tensors);
    write_safetensors(folder_ / file, tensors, {});
  }

  static void expect_says(const std::string& text, std::initializer_list<const char*> words) {
    for (const char* word : words) {
      EXPECT_NE(text.find(word), std::string::npos) << "'" << word << "' is not in: " << text;
    }
  }

  const c10::InferenceMode inference_;
  const fs::path folder_ =
      fs::temp_directory_path() / ("allaprima-pipeline-" + std::to_string(::getpid()));
  static constexpr const char* kUnetWeights = "unet/diffusion_pytorch_model.safetensors";
};

TEST_F(PipelineTest, names_a_missing_a_misshapen_and_a_left_over_tensor) {
  rewrite(kUnetWeights, [](auto& tensors) {
    for (auto& tensor : tensors) {
      if (tensor.name == "conv_in.bias") tensor.name = "conv_in.bios";
      if (tensor.name == "conv_out.weight") std::swap(tensor.shape[0], tensor.shape[1]);
    }
  });
  expect_says(refusal(), {"1 missing", "conv_in.bias", "1 of another shape", "conv_out.weight",
                          "1 not known to this architecture", "conv_in.bios"});
}

TEST_F(PipelineTest, names_no_more_than_ten_tensors_and_the_count) {
  rewrite(kUnetWeights, [](auto& tensors) { tensors.resize(tensors.size() - 25); });
  const std::string text = refusal();
  expect_says(text, {"25 missing", "…"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
}

TEST_F(PipelineTest, refuses_an_architecture_by_key_and_value) {
  change("unet/config.json", "act_fn", "gelu");
  expect_says(refusal(), {"unet/config.json", "'act_fn'", "\"gelu\"", "\"silu\""});
}

TEST_F(PipelineTest, refuses_block_types_schedulers_and_pipelines_it_does_not_have) {
  change("scheduler/scheduler_config.json", "_class_name", "PNDMScheduler");
  expect_says(refusal(), {"PNDMScheduler", "EulerDiscreteScheduler"});
  change("model_index.json", "_class_name", "StableDiffusionPipeline");
  expect_says(refusal(), {"StableDiffusionPipeline'", "StableDiffusionXLPipeline"});
}

TEST_F(PipelineTest, says_what_the_pipelines_are_for_that_it_refuses) {
  change("model_index.json", "_class_name", "StableDiffusionXLImg2ImgPipeline");
  expect_says(refusal(), {"StableDiffusionXLImg2ImgPipeline'", "changes a given picture", "refiner",
                          "StableDiffusionXLPipeline is"});
  change("model_index.json", "_class_name", "StableDiffusionXLInpaintPipeline");
  expect_says(refusal(), {"StableDiffusionXLInpaintPipeline'", "repaints"});
}

TEST_F(PipelineTest, refuses_a_unet_for_inpainting_and_one_for_refining) {
  change("unet/config.json", "in_channels", 9);
  expect_says(refusal(), {"takes 9 channels and gives 4", "inpainting"});
  change("unet/config.json", "in_channels", 4);
  const int64_t added = 32 + 5 * 16;  // of models/tiny, but for one number
  change("unet/config.json", "projection_class_embeddings_input_dim", added);
  expect_says(refusal(), {"five numbers", "aesthetic score", "refiner"});
  change("unet/config.json", "projection_class_embeddings_input_dim", added + 17);
  expect_says(refusal(), {"text_encoder_2 gives 32 pooled features, the UNet takes 33"});
}

TEST_F(PipelineTest, refuses_a_vae_and_a_unet_with_other_channels) {
  change("vae/config.json", "latent_channels", 16);
  expect_says(refusal(), {"the UNet gives 4 channels, the VAE takes 16"});
}

TEST_F(PipelineTest, ignores_harmless_extra_keys) {
  change("unet/config.json", "a_key_of_the_future", 7);
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(PipelineTest, refuses_broken_json_and_missing_parts) {
  std::ofstream(folder_ / "vae/config.json") << "{\"act_fn\":";
  expect_says(refusal(), {"vae/config.json", "not valid JSON"});
  fs::remove_all(folder_ / "text_encoder_2");
  expect_says(refusal(), {"text_encoder_2"});
  fs::remove(folder_ / "model_index.json");
  expect_says(refusal(), {"model_index.json", "no diffusers folder"});
}

TEST_F(PipelineTest, says_which_kind_of_weights_lies_where_it_reads_none) {
  const auto whole = folder_ / kUnetWeights;
  fs::rename(whole, folder_ / "unet/diffusion_pytorch_model.fp16.safetensors");
  expect_says(refusal(), {"fp16", "does not read"});
  fs::remove(folder_ / "unet/diffusion_pytorch_model.fp16.safetensors");
  std::ofstream(folder_ / "unet/diffusion_pytorch_model.safetensors.index.json") << "{}";
  expect_says(refusal(), {"sharded", "does not read"});
  std::ofstream(whole) << "version https://git-lfs.github.com/spec/v1\noid sha256:0\n";
  expect_says(refusal(), {"Git LFS", "git lfs pull"});
}

TEST_F(PipelineTest, refuses_components_that_do_not_fit_each_other) {
  fs::copy(ALLAPRIMA_TEST_DATA "/pipelines/b/text_encoder", folder_ / "text_encoder",
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  expect_says(refusal(), {"features a token"});
}

TEST_F(PipelineTest, reads_a_first_text_encoder_that_transformers_5_saved_without_prefix) {
  rewrite("text_encoder/model.safetensors", [](auto& tensors) {
    for (auto& tensor : tensors) tensor.name = tensor.name.substr(sizeof "text_model." - 1);
  });
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(PipelineTest, refuses_a_text_encoder_with_fewer_rows_than_its_tokenizer_has_ids) {
  change("text_encoder/config.json", "vocab_size", 100);
  rewrite("text_encoder/model.safetensors", [](auto& tensors) {
    for (auto& tensor : tensors) {
      if (tensor.name != "text_model.embeddings.token_embedding.weight") continue;
      const auto row = tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
      tensor.shape[0] = 100;
      tensor.data = tensor.data.first(100 * row);
    }
  });
  expect_says(refusal(), {"a tokenizer knows", "its text encoder 100"});
}

TEST_F(PipelineTest, counts_what_bf16_converts) {
  const auto fp32 = open()->info(), bf16 = open(PrecisionChoice::kBf16)->info();
  EXPECT_EQ(fp32["plan"][0]["changed"], 0);
  EXPECT_GT(bf16["plan"][0]["changed"], 100);
  EXPECT_EQ(bf16["plan"][0]["bytes_after"].get<int64_t>() * 2,
            bf16["plan"][0]["bytes_before"].get<int64_t>());
  EXPECT_EQ(fp32["parameters"], bf16["parameters"]);
}

std::vector<uint8_t> draw(const Pipeline& pipeline, Request request) {
  runtime::Run run(pipeline, std::move(request));
  for (int64_t i = 0; i < run.request().steps; ++i) run.step();
  std::vector<uint8_t> rgb(static_cast<size_t>(run.rgb_bytes()));
  run.finish(rgb);
  return rgb;
}

Request small_request(uint64_t seed) {
  Request request;
  request.prompt = "a red apple";
  request.steps = 2;
  request.width = request.height = 64;
  request.seed = seed;
  return request;
}

TEST_F(PipelineTest, draws_the_same_from_a_seed_and_another_from_another) {
  const auto pipeline = open();
  EXPECT_EQ(draw(*pipeline, small_request(7)), draw(*pipeline, small_request(7)));
  EXPECT_NE(draw(*pipeline, small_request(7)), draw(*pipeline, small_request(8)));
}

TEST_F(PipelineTest, stops_when_it_is_cancelled_and_stays_usable) {
  const auto pipeline = open();
  runtime::Run run(*pipeline, small_request(7));
  run.step();
  run.cancel();
  EXPECT_THROW(run.step(), Error);
  EXPECT_EQ(run.completed(), 1);
  EXPECT_EQ(draw(*pipeline, small_request(7)).size(), 64u * 64 * 3);
}

TEST_F(PipelineTest, refuses_configurations_that_would_take_all_memory) {
  change("unet/config.json", "layers_per_block", 200000);
  expect_says(refusal(), {"'layers_per_block' is 200000", "128"});
}

TEST_F(PipelineTest, refuses_numbers_that_are_no_whole_ones) {
  change("unet/config.json", "norm_num_groups", 4.9);
  expect_says(refusal(), {"'norm_num_groups' is 4.9", "whole number"});
}

TEST_F(PipelineTest, refuses_json_that_is_nested_too_deep_to_print) {
  std::ofstream(folder_ / "unet/config.json")
      << "{\"act_fn\":" << std::string(200000, '[') << std::string(200000, ']') << "}";
  expect_says(refusal(), {"unet/config.json", "nested more than 32 deep"});
}

TEST_F(PipelineTest, refuses_tokenizers_that_make_more_tokens_than_the_encoders_have_positions) {
  change("tokenizer/tokenizer_config.json", "model_max_length", 100);
  expect_says(refusal(), {"100 and 77 tokens"});
}

TEST_F(PipelineTest, says_cancelled_at_every_call_after_a_cancel) {
  const auto pipeline = open();
  runtime::Run run(*pipeline, small_request(7));
  run.step();
  run.cancel();
  std::vector<uint8_t> rgb(static_cast<size_t>(run.rgb_bytes()));
  for (int call = 0; call < 4; ++call) {
    try {
      call % 2 == 0 ? run.step() : run.finish(rgb);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kCancelled);
    }
  }
}

TEST_F(PipelineTest, keeps_stages_only_when_asked) {
  const auto pipeline = open();
  runtime::Run run(*pipeline, small_request(7));
  run.step();
  EXPECT_THROW(run.stage("noise_pred"), Error);
}

TEST_F(PipelineTest, refuses_noise_of_another_shape_or_not_finite) {
  const auto pipeline = open();
  Request request = small_request(7);
  request.latents = folder_ / "noise.safetensors";
  save_tensors(request.latents, {{"latents", at::zeros({1, 4, 9, 8})}}, {});
  try {
    runtime::Run run(*pipeline, request);
    FAIL();
  } catch (const Error& error) {
    expect_says(error.what(), {"[1, 4, 9, 8]", "[1, 4, 8, 8]"});
  }
  save_tensors(request.latents, {{"latents", at::full({1, 4, 8, 8}, NAN)}}, {});
  EXPECT_THROW(runtime::Run(*pipeline, request), Error);
  std::ofstream(request.latents) << "junk that is longer than eight bytes";
  try {
    runtime::Run run(*pipeline, request);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace allaprima::runtime
