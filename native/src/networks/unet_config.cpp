#include <algorithm>

#include "base/config_reader.h"
#include "networks/config.h"

namespace allaprima::networks {

namespace {

// Layers and heads of a level, depths of a transformer: several times what any published model
// has. A configuration is read before its weights, and must not take all memory.
constexpr int64_t kMostLayers = 128;

constexpr const char* kDepths = "transformer_layers_per_block";
constexpr const char* kDepthsUp = "reverse_transformer_layers_per_block";

/// A key's value, or nullptr for an absent key and null.
const Json* value_of(const ConfigReader& config, const std::string& key) {
  const auto found = config.json().find(key);
  return found == config.json().end() || found->is_null() ? nullptr : &*found;
}

/// A value that may be one number or a list with a number for each of `count` levels.
std::vector<int64_t> per_level(const ConfigReader& config, const std::string& key, size_t count,
                               int64_t fallback, int64_t most) {
  const Json* found = value_of(config, key);
  if (found == nullptr || !found->is_array()) {
    return std::vector<int64_t>(count, config.size(key, fallback, 1, most));
  }
  const auto values = config.sizes(key);
  check(values.size() == count, Code::kInvalidModel, config.file(), ": '", key, "' has ",
        values.size(), " entries, block_out_channels has ", count);
  check(*std::max_element(values.begin(), values.end()) <= most, Code::kInvalidModel, config.file(),
        ": '", key, "' holds more than ", most);
  return values;
}

/// A width that may be given once or once a level, where all levels must have the same.
int64_t same_at_each_level(const ConfigReader& config, const std::string& key, size_t count,
                           int64_t fallback) {
  const auto values = per_level(config, key, count, fallback, int64_t{1} << 20);
  const Json* found = value_of(config, key);  // none: all are the fallback
  check(std::count(values.begin(), values.end(), values[0]) == static_cast<int64_t>(count),
        Code::kInvalidModel, config.file(), ": '", key, "' is ", found ? found->dump() : "",
        ", which is not supported; one number for all levels is");
  return values[0];
}

/// Transformer depths of `blocks` residual blocks: the entry of one level, a number or a list. As
/// in diffusers, what a list holds beyond that is not looked at.
std::vector<int64_t> depths_at(const ConfigReader& config, const std::string& key, size_t level,
                               size_t blocks) {
  const Json* found = value_of(config, key);
  Json entry = 1;
  if (found != nullptr) entry = found->is_array() ? (*found)[level] : *found;
  std::vector<int64_t> depths;
  if (entry.is_number_unsigned()) depths.assign(blocks, entry.get<int64_t>());
  if (entry.is_array() && entry.size() >= blocks &&
      std::all_of(entry.begin(), entry.end(),
                  [](const Json& x) { return x.is_number_unsigned(); })) {
    depths = entry.get<std::vector<int64_t>>();
    depths.resize(blocks);
  }
  check(depths.size() == blocks, Code::kInvalidModel, config.file(), ": '", key, "' is ",
        entry.dump(), " for level ", level, ", expected a number or a list of ", blocks);
  for (int64_t depth : depths) {
    check(depth >= 1 && depth <= kMostLayers, Code::kInvalidModel, config.file(), ": '", key,
          "' holds the depth ", depth, ", expected 1 to ", kMostLayers);
  }
  return depths;
}

/// Lists of depths must have an entry for each level, nested ones a list for the way up.
void check_depth_lists(const ConfigReader& config, size_t count) {
  for (const char* key : {kDepths, kDepthsUp}) {
    const Json* found = value_of(config, key);
    check(found == nullptr || !found->is_array() || found->size() == count, Code::kInvalidModel,
          config.file(), ": '", key, "' has ", found == nullptr ? 0 : found->size(),
          " entries, block_out_channels has ", count);
  }
  const Json* down = value_of(config, kDepths);
  const bool nested =
      down != nullptr && down->is_array() &&
      std::any_of(down->begin(), down->end(), [](const Json& entry) { return entry.is_array(); });
  check(!nested || value_of(config, kDepthsUp) != nullptr, Code::kInvalidModel, config.file(),
        ": '", kDepths, "' is nested, so '", kDepthsUp, "' must be given");
}

bool has_attention(const ConfigReader& config, const std::string& type, const char* plain,
                   const char* with_attention) {
  check(type == plain || type == with_attention, Code::kInvalidModel, config.file(),
        ": block type '", type, "' is not supported; ", plain, " and ", with_attention, " are");
  return type == with_attention;
}

/// Keys whose other values would change what the UNet computes. Not among them, since the blocks
/// of SDXL do not read them: cross_attention_norm, resnet_out_scale_factor, resnet_skip_time_act,
/// mid_block_only_cross_attention; and dropout and upcast_attention, which change nothing here.
void refuse_other_unets(const ConfigReader& config) {
  config.expect("_class_name", "UNet2DConditionModel");
  check(value_of(config, "addition_embed_type") != nullptr, Code::kInvalidModel, config.file(),
        ": 'addition_embed_type' is null: this is no SDXL UNet; 'text_time' is supported");
  config.expect("addition_embed_type", "text_time");
  config.expect_one_of("act_fn", {"silu", "swish"});
  config.expect_present("norm_num_groups");
  config.expect("time_embedding_type", "positional");
  config.expect("resnet_time_scale_shift", "default");
  config.expect("attention_type", "default");
  config.expect("dual_cross_attention", false);
  config.expect("center_input_sample", false);
  config.expect("class_embeddings_concat", false);
  config.expect("downsample_padding", 1);
  config.expect("mid_block_scale_factor", 1);
  config.expect("conv_in_kernel", 3);
  config.expect("conv_out_kernel", 3);
  for (const char* key :
       {"class_embed_type", "num_class_embeds", "encoder_hid_dim", "encoder_hid_dim_type",
        "timestep_post_act", "time_embedding_act_fn", "num_attention_heads"}) {
    config.expect_absent(key);
  }
  const Json* only_text = value_of(config, "only_cross_attention");
  if (only_text == nullptr || !only_text->is_array()) {
    config.expect("only_cross_attention", false);
  } else {
    check(std::all_of(only_text->begin(), only_text->end(),
                      [](const Json& level) { return level == Json(false); }),
          Code::kInvalidModel, config.file(), ": 'only_cross_attention' is ", only_text->dump(),
          ", which is not supported; false is");
  }
}

void read_levels(const ConfigReader& config, UNetConfig& c) {
  const auto widths = config.sizes("block_out_channels");
  const size_t count = widths.size();
  const auto layers = per_level(config, "layers_per_block", count, 2, kMostLayers);
  const auto heads = per_level(config, "attention_head_dim", count, 8, kMostLayers);  // misnamed
  const auto down_types = config.get<std::vector<std::string>>("down_block_types");
  const auto up_types = config.get<std::vector<std::string>>("up_block_types");
  check(down_types.size() == count && up_types.size() == count, Code::kInvalidModel, config.file(),
        ": down_block_types, up_block_types and block_out_channels differ in length");
  check_depth_lists(config, count);
  for (size_t i = 0; i < count; ++i) {
    const auto blocks = static_cast<size_t>(layers[i]);
    UNetLevel level{widths[i], heads[i], std::vector<int64_t>(blocks, 0)};
    if (has_attention(config, down_types[i], "DownBlock2D", "CrossAttnDownBlock2D")) {
      level.transformer_depths = depths_at(config, kDepths, i, blocks);
    }
    c.down.push_back(level);
  }
  const bool up_list = value_of(config, kDepthsUp) != nullptr;
  for (size_t i = 0; i < count; ++i) {
    const size_t mirror = count - 1 - i;
    const auto blocks = static_cast<size_t>(layers[mirror]) + 1;
    UNetLevel level{widths[mirror], heads[mirror], std::vector<int64_t>(blocks, 0)};
    if (has_attention(config, up_types[i], "UpBlock2D", "CrossAttnUpBlock2D")) {
      level.transformer_depths = up_list ? depths_at(config, kDepthsUp, i, blocks)
                                         : depths_at(config, kDepths, mirror, blocks);
    }
    c.up.push_back(level);
  }
}

/// Here null and an absent key differ: SDXL's block, and none at all.
std::vector<int64_t> middle_depths(const ConfigReader& config, size_t levels) {
  constexpr const char* kKey = "mid_block_type";
  config.expect_one_of(kKey, {"UNetMidBlock2DCrossAttn", "UNetMidBlock2D"});
  if (config.json().contains(kKey) && value_of(config, kKey) == nullptr) return {};
  if (config.get<std::string>(kKey, std::string()) == "UNetMidBlock2D") return {0};
  return {depths_at(config, kDepths, levels - 1, 1)[0], 0};
}

void check_division(const ConfigReader& config, const UNetConfig& c) {
  const bool attentive_middle = c.mid_depths.size() > 1;
  for (size_t i = 0; i < c.down.size(); ++i) {
    const UNetLevel& level = c.down[i];
    check(level.width % c.groups == 0, Code::kInvalidModel, config.file(), ": width ", level.width,
          " is not a multiple of norm_num_groups ", c.groups);
    const bool attends = level.transformer_depths[0] > 0 ||
                         c.up[c.up.size() - 1 - i].transformer_depths[0] > 0 ||
                         (attentive_middle && i + 1 == c.down.size());
    check(!attends || level.width % level.heads == 0, Code::kInvalidModel, config.file(),
          ": width ", level.width, " is not a multiple of ", level.heads, " heads");
  }
}

}  // namespace

UNetConfig UNetConfig::read(const std::filesystem::path& folder, Refusals* refusals) {
  const ConfigReader config(folder / "config.json", refusals);
  refuse_other_unets(config);
  UNetConfig c{};
  read_levels(config, c);
  c.mid_depths = middle_depths(config, c.down.size());
  c.in_channels = config.size("in_channels", 4);
  c.out_channels = config.size("out_channels", 4);
  c.sample_size = config.size("sample_size", 128);
  c.text_width = same_at_each_level(config, "cross_attention_dim", c.down.size(), 1280);
  c.groups = config.size("norm_num_groups", 32);
  c.norm_eps = config.get<double>("norm_eps", 1e-5);
  c.linear_projection = config.get<bool>("use_linear_projection", false);
  c.cosine_first = config.get<bool>("flip_sin_to_cos", true);
  c.frequency_shift = config.get<double>("freq_shift", 0.0);
  c.time_width = config.size("time_embedding_dim", 4 * c.down.front().width);
  if (value_of(config, "time_cond_proj_dim") != nullptr) {
    c.guidance_width = config.size("time_cond_proj_dim", std::nullopt, 4);
  }
  c.size_embedding_width = config.size("addition_time_embed_dim");
  c.added_width = config.size("projection_class_embeddings_input_dim");
  check(c.pooled_width(5) > 0, Code::kInvalidModel, config.file(),
        ": 'projection_class_embeddings_input_dim' leaves no room for the pooled text");
  check_division(config, c);
  return c;
}

}  // namespace allaprima::networks
