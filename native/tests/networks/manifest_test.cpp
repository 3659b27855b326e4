// The names and shapes that our networks ask for, of the published configurations, against those
// that diffusers gives them: models/manifests, which holds every tensor of a component.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/json_file.h"
#include "networks/clip_text_encoder.h"
#include "networks/unet.h"
#include "networks/vae_decoder.h"

namespace allaprima::networks {
namespace {

namespace fs = std::filesystem;

using Shapes = std::map<std::string, std::string>;

class Lister : public nn::Visitor {
 public:
  Shapes shapes;
  int64_t parameters = 0;

 protected:
  void on_tensor(const std::string& path, Tensor& /*tensor*/, at::IntArrayRef shape) override {
    std::string text;
    int64_t count = 1;
    for (int64_t size : shape) {
      text += (text.empty() ? "" : "x") + std::to_string(size);
      count *= size;
    }
    shapes[path] = text;
    parameters += count;
  }
};

template <class Network>
Lister list(Network network) {
  Lister lister;
  network.visit(lister);
  return lister;
}

Lister list_component(const fs::path& folder) {
  const Json config = read_json(folder / "config.json");
  const std::string kind = config.contains("_class_name")
                               ? config["_class_name"].get<std::string>()
                               : config["architectures"][0].get<std::string>();
  if (kind == "UNet2DConditionModel") return list(UNet(UNetConfig::read(folder)));
  if (kind == "AutoencoderKL") return list(VaeDecoder(VaeConfig::read(folder)));
  return list(ClipTextEncoder(ClipTextConfig::read(
      folder, kind == "CLIPTextModel" ? Projection::kNone : Projection::kPresent)));
}

struct Manifest {
  Shapes shapes;
  std::string totals;  // "1680 tensors, 2567463684 parameters"
};

/// Without the encoder half of a VAE, of which text to image reads nothing.
Manifest read_manifest(const fs::path& file) {
  std::ifstream stream(file);
  Manifest manifest;
  std::getline(stream, manifest.totals);
  manifest.totals = manifest.totals.substr(2);
  for (std::string line; std::getline(stream, line);) {
    const size_t tab = line.find('\t');
    const std::string name = line.substr(0, tab);
    if (name.starts_with("encoder.") || name.starts_with("quant_conv.")) continue;
    manifest.shapes[name] = line.substr(tab + 1);
  }
  return manifest;
}

std::vector<std::string> components() {
  std::vector<std::string> names;
  const fs::path root = ALLAPRIMA_MODELS "/manifests";
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    names.push_back(fs::relative(entry.path(), root).replace_extension().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class ManifestTest : public testing::TestWithParam<std::string> {};

TEST_P(ManifestTest, is_what_diffusers_builds) {
  const fs::path models = ALLAPRIMA_MODELS;
  const Lister ours = list_component(models / "configs" / GetParam());
  const Manifest theirs = read_manifest(models / "manifests" / (GetParam() + ".txt"));
  EXPECT_EQ(ours.shapes, theirs.shapes);
  if (!GetParam().ends_with("vae")) {
    EXPECT_EQ(std::to_string(ours.shapes.size()) + " tensors, " + std::to_string(ours.parameters) +
                  " parameters",
              theirs.totals);
  }
}

INSTANTIATE_TEST_SUITE_P(, ManifestTest, testing::ValuesIn(components()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

std::string totals(const std::string& component) {
  return read_manifest(fs::path(ALLAPRIMA_MODELS "/manifests") / (component + ".txt")).totals;
}

// Published totals: the manifests themselves must be of the right models.
TEST(Manifests, have_the_published_sizes) {
  EXPECT_EQ(totals("sdxl-base-1.0/unet"), "1680 tensors, 2567463684 parameters");
  EXPECT_EQ(totals("sdxl-base-1.0/text_encoder"), "196 tensors, 123060480 parameters");
  EXPECT_EQ(totals("sdxl-base-1.0/text_encoder_2"), "517 tensors, 694659840 parameters");
  EXPECT_EQ(totals("sdxl-base-1.0/vae"), "248 tensors, 83653863 parameters");
  EXPECT_EQ(totals("sd/vae"), "248 tensors, 83653863 parameters");
  EXPECT_EQ(totals("ssd-1b/unet"), "944 tensors, 1331334404 parameters");
  EXPECT_EQ(totals("segmind-vega/unet"), "564 tensors, 745225604 parameters");
  EXPECT_EQ(totals("koala-700m/unet"), "584 tensors, 782822724 parameters");
  EXPECT_EQ(totals("sdxl-refiner-1.0/unet"), "1220 tensors, 2259526660 parameters");
}

TEST(Manifests, of_lcm_and_inpainting_differ_from_the_base_in_one_tensor) {
  UNetConfig config = UNetConfig::read(ALLAPRIMA_MODELS "/configs/sdxl-base-1.0/unet");
  Shapes expected = list(UNet(config)).shapes;
  config.guidance_width = 256;
  expected["time_embedding.cond_proj.weight"] = "320x256";
  EXPECT_EQ(list(UNet(config)).shapes, expected);
  config.in_channels = 9;
  expected["conv_in.weight"] = "320x9x3x3";
  EXPECT_EQ(list(UNet(config)).shapes, expected);
}

}  // namespace
}  // namespace allaprima::networks
