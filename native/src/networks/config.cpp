#include "networks/config.h"

namespace allaprima::networks {

namespace {

// Layers and heads: several times what any published model has. A configuration is read before its
// weights, and must not take all memory.
constexpr int64_t kMostLayers = 128;

/// latents_mean or latents_std: empty where the key is absent.
std::vector<double> per_channel(const ConfigReader& config, const std::string& key,
                                int64_t channels) {
  const auto values = config.get<std::vector<double>>(key, std::vector<double>{});
  check(values.empty() || static_cast<int64_t>(values.size()) == channels, Code::kInvalidModel,
        config.file(), ": '", key, "' has ", values.size(), " entries, 'latent_channels' is ",
        channels);
  return values;
}

}  // namespace

ClipTextConfig ClipTextConfig::read(const std::filesystem::path& folder, Projection projection,
                                    Refusals* refusals) {
  const ConfigReader config(folder / "config.json", refusals);
  ClipTextConfig c{};
  c.vocabulary = config.size("vocab_size", 49408);
  c.width = config.size("hidden_size", 512);
  c.feed_forward = config.size("intermediate_size", 2048);
  c.layers = config.size("num_hidden_layers", 12, 2, kMostLayers);
  c.heads = config.size("num_attention_heads", 8, 1, kMostLayers);
  c.positions = config.size("max_position_embeddings", 77);
  c.projection = projection == Projection::kPresent ? config.size("projection_dim", 512) : 0;
  c.end_token = config.size("eos_token_id", 49407, 0);
  c.norm_eps = config.get<double>("layer_norm_eps", 1e-5);
  const auto activation = config.get<std::string>("hidden_act", std::string("quick_gelu"));
  check(activation == "quick_gelu" || activation == "gelu", Code::kInvalidModel, config.file(),
        ": 'hidden_act' is '", activation, "', which is not supported; quick_gelu and gelu are");
  c.quick_gelu = activation == "quick_gelu";
  check(c.width % c.heads == 0, Code::kInvalidModel, config.file(), ": 'hidden_size' ", c.width,
        " is not a multiple of ", c.heads, " heads");
  return c;
}

VaeConfig VaeConfig::read(const std::filesystem::path& folder, Refusals* refusals) {
  const ConfigReader config(folder / "config.json", refusals);
  config.expect("_class_name", "AutoencoderKL");
  config.expect_one_of("act_fn", {"silu", "swish"});
  config.expect_present("norm_num_groups");
  VaeConfig c{};
  c.latent_channels = config.size("latent_channels", 4);
  c.out_channels = config.size("out_channels", 3);
  c.groups = config.size("norm_num_groups", 32);
  c.layers_per_block = config.size("layers_per_block", 1, 1, kMostLayers);
  c.widths = config.sizes("block_out_channels");
  c.post_quant_conv = config.get<bool>("use_post_quant_conv", true);
  c.mid_attention = config.get<bool>("mid_block_add_attention", true);
  c.scaling_factor = config.get<double>("scaling_factor", 0.18215);
  c.force_upcast = config.get<bool>("force_upcast", true);
  // As in diffusers' pipeline of SDXL: one without the other counts for nothing, and neither does
  // 'shift_factor'.
  c.latents_mean = per_channel(config, "latents_mean", c.latent_channels);
  c.latents_std = per_channel(config, "latents_std", c.latent_channels);
  if (c.latents_mean.empty() || c.latents_std.empty()) c.latents_mean = c.latents_std = {};
  check(c.out_channels == 3, Code::kInvalidModel, config.file(), ": 'out_channels' is ",
        c.out_channels, ", pictures have 3");
  check(c.scaling_factor > 0, Code::kInvalidModel, config.file(), ": 'scaling_factor' is ",
        c.scaling_factor, ", expected more than 0");
  for (int64_t width : c.widths) {
    check(width % c.groups == 0, Code::kInvalidModel, config.file(), ": width ", width,
          " is not a multiple of norm_num_groups ", c.groups);
  }
  const auto types = config.get<std::vector<std::string>>("up_block_types");
  check(types.size() == c.widths.size(), Code::kInvalidModel, config.file(),
        ": up_block_types and block_out_channels differ in length");
  for (const std::string& type : types) {
    check(type == "UpDecoderBlock2D", Code::kInvalidModel, config.file(), ": block type '", type,
          "' is not supported; UpDecoderBlock2D is");
  }
  return c;
}

}  // namespace allaprima::networks
