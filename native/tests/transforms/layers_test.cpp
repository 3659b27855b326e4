// The layers of SDXL base, without weights, as diffusers has them after fusing:
// data/int8/selection.json, made by tools/oracle/make_rungs_golden.py.
#include "transforms/layers.h"

#include <gtest/gtest.h>

#include <map>

#include "base/json_file.h"
#include "transforms/fuse_qkv.h"
#include "transforms/int8_dynamic.h"

namespace allaprima::transforms {
namespace {

/// Tensors with shapes and no numbers.
class Shapes : public nn::Visitor {
 protected:
  void on_tensor(const std::string&, Tensor& tensor, at::IntArrayRef shape) override {
    tensor = at::empty(shape, at::TensorOptions(at::kBFloat16).device(at::kMeta));
  }
};

class SdxlLayersTest : public testing::Test {
 protected:
  SdxlLayersTest() {
    Shapes shapes;
    unet_.visit(shapes);
    vae_.visit(shapes);
  }

  const c10::InferenceMode inference_;
  const std::filesystem::path configs_ = ALLAPRIMA_MODELS "/configs/sdxl-base-1.0";
  networks::UNet unet_{networks::UNetConfig::read(configs_ / "unet")};
  networks::VaeDecoder vae_{networks::VaeConfig::read(configs_ / "vae")};
  const Networks networks_{unet_, vae_};
};

TEST_F(SdxlLayersTest, fusing_takes_743_linear_layers_to_533_at_the_same_bytes) {
  const PlanEntry entry = fuse_qkv(networks_);
  EXPECT_EQ(entry.detail, "unet: 743 linear layers became 533; vae: 4 linear layers became 2");
  EXPECT_EQ(entry.changed, 141);
  EXPECT_EQ(entry.bytes_before, entry.bytes_after);
  EXPECT_EQ(count_linears(networks_).unet, 533);
}

TEST_F(SdxlLayersTest, are_named_and_sized_as_diffusers_has_them_and_see_as_many_rows) {
  fuse_qkv(networks_);
  std::map<std::string, LayerInfo> ours;
  for (const auto& layer : list_layers(networks_)) {
    if (layer.kind == LayerKind::kLinear) ours.emplace(layer.name, layer);
  }
  const Json golden = read_json(ALLAPRIMA_TEST_DATA "/int8/selection.json");
  size_t compared = 0;
  int64_t quantised = 0;
  for (const char* network : {"unet", "vae"}) {
    for (const Json& row : golden[network]["linears"]) {
      const std::string name = std::string(network) + "." + row[0].get<std::string>();
      if (name.starts_with("vae.encoder")) continue;
      ASSERT_TRUE(ours.contains(name)) << name;
      const LayerInfo& layer = ours.at(name);
      EXPECT_EQ(layer.in, row[1]) << name;
      EXPECT_EQ(layer.out, row[2]) << name;
      EXPECT_EQ(rows_of(layer, {2, 128, 128, 77}), row[3]) << name;
      const bool taken = row[4];
      EXPECT_EQ(taken && why_not_int8(layer).empty(), row[5].get<bool>()) << name;
      quantised += row[5].get<bool>();
      ++compared;
    }
  }
  EXPECT_EQ(compared, ours.size());
  EXPECT_EQ(quantised, 382);
}

}  // namespace
}  // namespace allaprima::transforms
