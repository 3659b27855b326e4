// What a damaged or unsupported checkpoint gets: an error that names the place, found and expected.
#include "runtime/pipeline.h"

#include <gtest/gtest.h>

#include "generation.h"
#include "model_copy.h"

namespace allaprima::runtime {
namespace {

namespace fs = std::filesystem;

class PipelineTest : public testing::Test {
 protected:
  std::unique_ptr<Pipeline> open(PrecisionChoice precision = PrecisionChoice::kFp32) {
    return Pipeline::open({model_.folder(), DeviceChoice::kCpu, 0, precision});
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

  const c10::InferenceMode inference_;
  const ModelCopy model_;
  static constexpr const char* kUnetWeights = "unet/diffusion_pytorch_model.safetensors";
};

TEST_F(PipelineTest, names_a_missing_a_misshapen_and_a_left_over_tensor) {
  model_.rewrite(kUnetWeights, [](auto& tensors) {
    for (auto& tensor : tensors) {
      if (tensor.name == "conv_in.bias") tensor.name = "conv_in.bios";
      if (tensor.name == "conv_out.weight") std::swap(tensor.shape[0], tensor.shape[1]);
    }
  });
  expect_says(refusal(), {"1 missing", "conv_in.bias", "1 of another shape", "conv_out.weight",
                          "1 not known to this architecture", "conv_in.bios"});
}

TEST_F(PipelineTest, names_no_more_than_ten_tensors_and_the_count) {
  model_.rewrite(kUnetWeights, [](auto& tensors) { tensors.resize(tensors.size() - 25); });
  const std::string text = refusal();
  expect_says(text, {"25 missing", "…"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
}

TEST_F(PipelineTest, knows_the_steps_and_guidance_that_the_model_names) {
  EXPECT_EQ(open()->info()["steps"], 30);
  EXPECT_EQ(open()->info()["guidance"], 5.0);
  model_.write("generation_config.json", R"({"num_inference_steps": 4, "guidance_scale": 0})");
  EXPECT_EQ(open()->info()["steps"], 4);
  EXPECT_EQ(open()->info()["guidance"], 0.0);
  model_.write("generation_config.json", R"({"num_inference_steps": 0})");
  expect_says(refusal(), {"generation_config.json", "'num_inference_steps' is 0", "1 to 1000"});
  model_.write("generation_config.json", R"({"guidance_scale": -1})");
  expect_says(refusal(), {"generation_config.json", "'guidance_scale' is -1", "0 to 100"});
}

TEST_F(PipelineTest, says_what_the_pipelines_are_for_that_it_refuses) {
  model_.change("model_index.json", "_class_name", "StableDiffusionXLImg2ImgPipeline");
  expect_says(refusal(), {"StableDiffusionXLImg2ImgPipeline'", "changes a given picture", "refiner",
                          "StableDiffusionXLPipeline is"});
  model_.change("model_index.json", "_class_name", "StableDiffusionXLInpaintPipeline");
  expect_says(refusal(), {"StableDiffusionXLInpaintPipeline'", "repaints"});
}

TEST_F(PipelineTest, refuses_a_unet_for_inpainting_and_one_for_refining) {
  model_.change("unet/config.json", "in_channels", 9);
  expect_says(refusal(), {"takes 9 channels and gives 4", "inpainting"});
  model_.change("unet/config.json", "in_channels", 4);
  const int64_t added = 32 + 5 * 16;  // of models/tiny, but for one number
  model_.change("unet/config.json", "projection_class_embeddings_input_dim", added);
  expect_says(refusal(), {"five numbers", "aesthetic score", "refiner"});
  model_.change("unet/config.json", "projection_class_embeddings_input_dim", added + 17);
  expect_says(refusal(), {"text_encoder_2 gives 32 pooled features, the UNet takes 33"});
}

TEST_F(PipelineTest, refuses_a_vae_and_a_unet_with_other_channels) {
  model_.change("vae/config.json", "latent_channels", 16);
  expect_says(refusal(), {"the UNet gives 4 channels, the VAE takes 16"});
}

TEST_F(PipelineTest, ignores_harmless_extra_keys) {
  model_.change("unet/config.json", "a_key_of_the_future", 7);
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(PipelineTest, refuses_components_that_do_not_fit_each_other) {
  fs::copy(ALLAPRIMA_TEST_DATA "/pipelines/b/text_encoder", model_ / "text_encoder",
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  expect_says(refusal(), {"features a token"});
}

TEST_F(PipelineTest, reads_a_first_text_encoder_that_transformers_5_saved_without_prefix) {
  model_.rewrite("text_encoder/model.safetensors", [](auto& tensors) {
    for (auto& tensor : tensors) tensor.name = tensor.name.substr(sizeof "text_model." - 1);
  });
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(PipelineTest, refuses_a_text_encoder_with_fewer_rows_than_its_tokenizer_has_ids) {
  model_.change("text_encoder/config.json", "vocab_size", 100);
  model_.rewrite("text_encoder/model.safetensors", [](auto& tensors) {
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

TEST(PipelineVariantTest, takes_the_variant_where_there_is_one_and_says_what_it_took) {
  const c10::InferenceMode inference;
  const auto weights = [](const char* model, const char* variant) {
    return Pipeline::open({fs::path(ALLAPRIMA_TEST_DATA "/pipelines") / model, DeviceChoice::kCpu,
                           0, PrecisionChoice::kFp32, variant})
        ->info()["weights"];
  };
  Json found = weights("d", "fp16");
  EXPECT_EQ(found["text_encoder"]["file"], "model.fp16.safetensors");
  EXPECT_EQ(found["text_encoder"]["variant_reason"], "asked for");
  EXPECT_EQ(found["unet"]["files"], 2);
  EXPECT_EQ(found["vae"]["variant"], "");
  expect_says(found["vae"]["variant_reason"], {"no variant fp16"});
  found = weights("d", "");
  EXPECT_EQ(found["text_encoder"]["file"], "model.safetensors");
  EXPECT_EQ(found["unet"]["variant"], "fp16");
  expect_says(found["unet"]["variant_reason"], {"no other weights"});
}

std::vector<uint8_t> draw(Pipeline& pipeline, Request request) {
  runtime::Run run(pipeline, std::move(request));
  return generate(run);
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

}  // namespace
}  // namespace allaprima::runtime
