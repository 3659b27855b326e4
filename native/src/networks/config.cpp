#include "networks/config.h"

#include <algorithm>

#include "base/config_reader.h"

namespace allaprima::networks {

namespace {

// Layers and heads of a level, depths of a transformer: several times what any published model
// has. A configuration is read before its weights, and must not take all memory.
constexpr int64_t kMostLayers = 128;

/// A value that may be one number or a list with a number for each of `count` levels.
std::vector<int64_t> per_level(const ConfigReader& config, const std::string& key, size_t count,
                               int64_t fallback) {
  const auto found = config.json().find(key);
  if (found == config.json().end() || !found->is_array()) {
    return std::vector<int64_t>(count, config.size(key, fallback, 1, kMostLayers));
  }
  const auto values = config.sizes(key);
  check(values.size() == count, Code::kInvalidModel, config.file(), ": '", key, "' has ",
        values.size(), " entries, block_out_channels has ", count);
  check(*std::max_element(values.begin(), values.end()) <= kMostLayers, Code::kInvalidModel,
        config.file(), ": '", key, "' holds more than ", kMostLayers);
  return values;
}

/// Transformer depths of one level: the entry of a list, itself a number or a list.
std::vector<int64_t> depths_at(const ConfigReader& config, const std::string& key, size_t level,
                               size_t blocks) {
  const auto found = config.json().find(key);
  Json entry = 1;
  if (found != config.json().end() && !found->is_null()) {
    check(!found->is_array() || level < found->size(), Code::kInvalidModel, config.file(), ": '",
          key, "' has fewer entries than there are blocks");
    entry = found->is_array() ? (*found)[level] : *found;
  }
  std::vector<int64_t> depths;
  if (entry.is_number_unsigned()) depths.assign(blocks, entry.get<int64_t>());
  if (entry.is_array() && std::all_of(entry.begin(), entry.end(),
                                      [](const Json& x) { return x.is_number_unsigned(); })) {
    depths = entry.get<std::vector<int64_t>>();
  }
  check(depths.size() == blocks, Code::kInvalidModel, config.file(), ": '", key, "' is ",
        entry.dump(), " for level ", level, ", expected a number or a list of ", blocks);
  for (int64_t depth : depths) {
    check(depth >= 1 && depth <= kMostLayers, Code::kInvalidModel, config.file(), ": '", key,
          "' holds the depth ", depth, ", expected 1 to ", kMostLayers);
  }
  return depths;
}

bool has_attention(const ConfigReader& config, const std::string& type, const char* plain,
                   const char* with_attention) {
  check(type == plain || type == with_attention, Code::kInvalidModel, config.file(),
        ": block type '", type, "' is not supported; ", plain, " and ", with_attention, " are");
  return type == with_attention;
}

/// Keys whose other values would change what the UNet computes.
void refuse_other_unets(const ConfigReader& config) {
  config.expect("_class_name", "UNet2DConditionModel");
  config.expect("addition_embed_type", "text_time");
  config.expect("act_fn", "silu");
  config.expect("time_embedding_type", "positional");
  config.expect("resnet_time_scale_shift", "default");
  config.expect("attention_type", "default");
  config.expect("only_cross_attention", false);
  config.expect("dual_cross_attention", false);
  config.expect("center_input_sample", false);
  config.expect("class_embeddings_concat", false);
  config.expect("resnet_skip_time_act", false);
  config.expect("downsample_padding", 1);
  config.expect("mid_block_scale_factor", 1);
  config.expect("conv_in_kernel", 3);
  config.expect("conv_out_kernel", 3);
  config.expect("resnet_out_scale_factor", 1);
  for (const char* key :
       {"class_embed_type", "num_class_embeds", "encoder_hid_dim", "encoder_hid_dim_type",
        "cross_attention_norm", "time_cond_proj_dim", "timestep_post_act", "time_embedding_dim",
        "time_embedding_act_fn", "num_attention_heads"}) {
    config.expect_absent(key);
  }
  check(config.json().contains("addition_embed_type") &&
            !config.json()["addition_embed_type"].is_null(),
        Code::kInvalidModel, config.file(),
        ": 'addition_embed_type' is null: this is no SDXL UNet; 'text_time' is supported");
}

}  // namespace

ClipTextConfig ClipTextConfig::read(const std::filesystem::path& folder, Projection projection) {
  const ConfigReader config(folder / "config.json");
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

UNetConfig UNetConfig::read(const std::filesystem::path& folder) {
  const ConfigReader config(folder / "config.json");
  refuse_other_unets(config);
  UNetConfig c{};
  c.in_channels = config.size("in_channels", 4);
  c.out_channels = config.size("out_channels", 4);
  c.sample_size = config.size("sample_size");
  c.text_width = config.size("cross_attention_dim", 1280);
  c.groups = config.size("norm_num_groups", 32);
  c.norm_eps = config.get<double>("norm_eps", 1e-5);
  c.linear_projection = config.get<bool>("use_linear_projection", false);
  c.cosine_first = config.get<bool>("flip_sin_to_cos", true);
  c.frequency_shift = config.get<double>("freq_shift", 0.0);
  c.size_embedding_width = config.size("addition_time_embed_dim");
  c.pooled_width =
      config.size("projection_class_embeddings_input_dim") - 6 * c.size_embedding_width;
  check(c.pooled_width > 0, Code::kInvalidModel, config.file(),
        ": 'projection_class_embeddings_input_dim' leaves no room for the pooled text");

  const auto widths = config.sizes("block_out_channels");
  const size_t count = widths.size();
  const auto layers = per_level(config, "layers_per_block", count, 2);
  const auto heads = per_level(config, "attention_head_dim", count, 8);  // misnamed: heads
  const auto down_types = config.get<std::vector<std::string>>("down_block_types");
  const auto up_types = config.get<std::vector<std::string>>("up_block_types");
  check(down_types.size() == count && up_types.size() == count, Code::kInvalidModel, config.file(),
        ": down_block_types, up_block_types and block_out_channels differ in length");
  const std::string depth_key = "transformer_layers_per_block";
  const std::string reverse_key = "reverse_transformer_layers_per_block";
  const auto depths = config.json().find(depth_key);
  const bool reverse = config.json().contains(reverse_key) && !config.json()[reverse_key].is_null();
  const bool nested = depths != config.json().end() && depths->is_array() &&
                      std::any_of(depths->begin(), depths->end(),
                                  [](const Json& entry) { return entry.is_array(); });
  check(!nested || reverse, Code::kInvalidModel, config.file(), ": '", depth_key,
        "' is nested, so '", reverse_key, "' must be given");
  for (size_t i = 0; i < count; ++i) {
    const auto blocks = static_cast<size_t>(layers[i]);
    check(widths[i] % c.groups == 0, Code::kInvalidModel, config.file(), ": width ", widths[i],
          " is not a multiple of norm_num_groups ", c.groups);
    UNetLevel level{widths[i], heads[i], std::vector<int64_t>(blocks, 0)};
    if (has_attention(config, down_types[i], "DownBlock2D", "CrossAttnDownBlock2D")) {
      level.transformer_depths = depths_at(config, depth_key, i, blocks);
    }
    c.down.push_back(level);
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t mirror = count - 1 - i;
    const auto blocks = static_cast<size_t>(layers[mirror]) + 1;
    UNetLevel level{widths[mirror], heads[mirror], std::vector<int64_t>(blocks, 0)};
    if (has_attention(config, up_types[i], "UpBlock2D", "CrossAttnUpBlock2D")) {
      level.transformer_depths = reverse ? depths_at(config, reverse_key, i, blocks)
                                         : depths_at(config, depth_key, mirror, blocks);
    }
    c.up.push_back(level);
  }
  config.expect("mid_block_type", "UNetMidBlock2DCrossAttn");
  check(!config.json().contains("mid_block_type") || !config.json()["mid_block_type"].is_null(),
        Code::kInvalidModel, config.file(),
        ": 'mid_block_type' is null, no block in the middle, which is not supported; "
        "\"UNetMidBlock2DCrossAttn\" is");
  c.mid_depth = depths_at(config, depth_key, count - 1, 1)[0];
  for (const UNetLevel& level : c.down) {
    check(level.width % level.heads == 0, Code::kInvalidModel, config.file(), ": width ",
          level.width, " is not a multiple of ", level.heads, " heads");
  }
  return c;
}

VaeConfig VaeConfig::read(const std::filesystem::path& folder) {
  const ConfigReader config(folder / "config.json");
  config.expect("_class_name", "AutoencoderKL");
  config.expect("act_fn", "silu");
  config.expect("use_post_quant_conv", true);
  config.expect("mid_block_add_attention", true);
  for (const char* key : {"latents_mean", "latents_std", "shift_factor"}) config.expect_absent(key);
  VaeConfig c{};
  c.latent_channels = config.size("latent_channels", 4);
  c.out_channels = config.size("out_channels", 3);
  c.groups = config.size("norm_num_groups", 32);
  c.layers_per_block = config.size("layers_per_block", 1, 1, kMostLayers);
  c.widths = config.sizes("block_out_channels");
  c.scaling_factor = config.get<double>("scaling_factor", 0.18215);
  c.force_upcast = config.get<bool>("force_upcast", true);
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
