// Configurations key by key: what would change the result is refused by name and value, what would
// not is let pass, as the constructors of diffusers 0.42.1 have it.
#include "networks/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"

namespace allaprima::networks {
namespace {

namespace fs = std::filesystem;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() { fs::create_directories(folder_); }
  ~ConfigTest() override { fs::remove_all(folder_); }

  void start_from(const std::string& component) {
    json_ =
        read_json(fs::path(ALLAPRIMA_MODELS "/configs/sdxl-base-1.0") / component / "config.json");
  }

  template <class Config, class... Arguments>
  Config read(const Arguments&... arguments) {
    std::ofstream(folder_ / "config.json") << json_;
    return Config::read(folder_, arguments...);
  }

  /// The refusal of the configuration with one key changed, "accepted" when there is none.
  template <class Config, class... Arguments>
  std::string refusal(const std::string& key, const Json& value, const Arguments&... arguments) {
    const Json before = json_;
    json_[key] = value;
    std::string answer = "accepted";
    try {
      read<Config>(arguments...);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidModel);
      answer = error.what();
    }
    json_ = before;
    return answer;
  }

  const fs::path folder_ =
      fs::temp_directory_path() / ("allaprima-config-" + std::to_string(::getpid()));
  Json json_;
};

struct Key {
  const char* name;
  Json value;
};

TEST_F(ConfigTest, refuses_values_that_would_change_the_unet) {
  start_from("unet");
  for (const Key& key : std::vector<Key>{
           {"_class_name", "UNet2DModel"},
           {"center_input_sample", true},
           {"down_block_types", {"DownBlock2D", "AttnDownBlock2D", "CrossAttnDownBlock2D"}},
           {"up_block_types",
            {"CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "ResnetUpsampleBlock2D"}},
           {"mid_block_type", "UNetMidBlock2DSimpleCrossAttn"},
           {"only_cross_attention", true},
           {"only_cross_attention", {false, true, false}},
           {"downsample_padding", 0},
           {"mid_block_scale_factor", 1.5},
           {"act_fn", "mish"},
           {"norm_num_groups", nullptr},
           {"norm_num_groups", 7},
           {"cross_attention_dim", {2048, 2048, 1024}},
           {"encoder_hid_dim", 4096},
           {"encoder_hid_dim_type", "text_proj"},
           {"attention_head_dim", {5, 10, 3}},
           {"attention_head_dim", {5, 10}},
           {"num_attention_heads", {5, 10, 20}},
           {"dual_cross_attention", true},
           {"class_embed_type", "timestep"},
           {"num_class_embeds", 10},
           {"class_embeddings_concat", true},
           {"addition_embed_type", "text"},
           {"addition_embed_type", nullptr},
           {"resnet_time_scale_shift", "scale_shift"},
           {"time_embedding_type", "fourier"},
           {"time_embedding_act_fn", "silu"},
           {"timestep_post_act", "silu"},
           {"conv_in_kernel", 5},
           {"conv_out_kernel", 1},
           {"attention_type", "gated"},
           {"transformer_layers_per_block", {1, 2}},
           {"transformer_layers_per_block", {1, 2, 0}},
           {"reverse_transformer_layers_per_block", {1, {2, 2}, 1}},
           {"projection_class_embeddings_input_dim", 1280},
       }) {
    const std::string text = refusal<UNetConfig>(key.name, key.value);
    EXPECT_NE(text, "accepted") << key.name << " " << key.value;
    EXPECT_NE(text.find("config.json"), std::string::npos) << text;
  }
}

TEST_F(ConfigTest, names_key_value_and_what_is_supported) {
  start_from("unet");
  const std::string text = refusal<UNetConfig>("timestep_post_act", "gelu");
  for (const char* word : {"'timestep_post_act'", "\"gelu\"", "null is"}) {
    EXPECT_NE(text.find(word), std::string::npos) << text;
  }
}

TEST_F(ConfigTest, lets_values_pass_that_change_nothing) {
  start_from("unet");
  for (const Key& key : std::vector<Key>{
           {"dropout", 0.1},
           {"upcast_attention", true},
           {"resnet_skip_time_act", true},
           {"resnet_out_scale_factor", 1.5},
           {"mid_block_only_cross_attention", true},
           {"cross_attention_norm", "layer_norm"},
           {"addition_embed_type_num_heads", 32},
           {"only_cross_attention", {false, false, false}},
           {"act_fn", "swish"},
           {"mid_block_scale_factor", 1.0},
           {"attention_head_dim", {7, 10, 20}},  // of a level without attention
           {"sample_size", nullptr},
           {"_use_default_values", {"dropout"}},
           {"a_key_of_the_future", 7},
       }) {
    EXPECT_EQ(refusal<UNetConfig>(key.name, key.value), "accepted") << key.name;
  }
}

TEST_F(ConfigTest, needs_the_way_up_of_nested_depths) {
  start_from("unet");
  const std::string text = refusal<UNetConfig>("transformer_layers_per_block", {1, {2, 2}, {4, 4}});
  EXPECT_NE(text.find("'reverse_transformer_layers_per_block' must be given"), std::string::npos);
}

TEST_F(ConfigTest, takes_the_first_of_nested_depths_for_the_middle) {
  start_from("unet");
  json_["transformer_layers_per_block"] = {1, {2, 3}, {4, 5}};
  json_["reverse_transformer_layers_per_block"] = {{5, 6, 7}, 2, 1};
  const UNetConfig config = read<UNetConfig>();
  EXPECT_EQ(config.mid_depths, (std::vector<int64_t>{4, 0}));
  EXPECT_EQ(config.down[1].transformer_depths, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(config.up[0].transformer_depths, (std::vector<int64_t>{5, 6, 7}));
  EXPECT_EQ(config.up[1].transformer_depths, (std::vector<int64_t>{2, 2, 2}));
}

TEST_F(ConfigTest, tells_an_absent_middle_from_one_that_is_null) {
  start_from("unet");
  json_.erase("mid_block_type");
  EXPECT_EQ(read<UNetConfig>().mid_depths, (std::vector<int64_t>{10, 0}));
  json_["mid_block_type"] = nullptr;
  EXPECT_TRUE(read<UNetConfig>().mid_depths.empty());
  json_["mid_block_type"] = "UNetMidBlock2D";
  EXPECT_EQ(read<UNetConfig>().mid_depths, (std::vector<int64_t>{0}));
}

TEST_F(ConfigTest, refuses_values_that_would_change_the_vae) {
  start_from("vae");
  for (const Key& key : std::vector<Key>{
           {"_class_name", "AutoencoderTiny"},
           {"act_fn", "gelu"},
           {"norm_num_groups", nullptr},
           {"out_channels", 4},
           {"scaling_factor", 0},
           {"latents_mean", {0.5, 0.5, 0.5}},
           {"up_block_types",
            {"AttnUpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"}},
           {"layers_per_block", {2, 2, 2, 2}},
       }) {
    EXPECT_NE(refusal<VaeConfig>(key.name, key.value), "accepted") << key.name << " " << key.value;
  }
  for (const Key& key : std::vector<Key>{{"shift_factor", 0.1},
                                         {"sample_size", 7},
                                         {"in_channels", 6},
                                         {"latents_mean", {1, 2, 3, 4}},
                                         {"down_block_types", {"AttnDownEncoderBlock2D"}}}) {
    EXPECT_EQ(refusal<VaeConfig>(key.name, key.value), "accepted") << key.name;
  }
}

TEST_F(ConfigTest, uses_a_mean_of_latents_only_with_a_deviation) {
  start_from("vae");
  json_["latents_mean"] = {1, 2, 3, 4};
  EXPECT_TRUE(read<VaeConfig>().latents_mean.empty());
  json_["latents_std"] = {5, 6, 7, 8};
  EXPECT_EQ(read<VaeConfig>().latents_mean, (std::vector<double>{1, 2, 3, 4}));
}

TEST_F(ConfigTest, refuses_other_activations_of_a_text_encoder) {
  start_from("text_encoder");
  const std::string text = refusal<ClipTextConfig>("hidden_act", "gelu_new", Projection::kNone);
  EXPECT_NE(text.find("'gelu_new', which is not supported; quick_gelu and gelu are"),
            std::string::npos)
      << text;
  EXPECT_EQ(refusal<ClipTextConfig>("dropout", 0.5, Projection::kNone), "accepted");
}

TEST_F(ConfigTest, reads_what_a_missing_text_width_means_to_diffusers) {
  start_from("unet");
  json_.erase("cross_attention_dim");
  EXPECT_EQ(read<UNetConfig>().text_width, 1280);
}

}  // namespace
}  // namespace allaprima::networks
