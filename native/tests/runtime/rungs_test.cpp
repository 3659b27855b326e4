// Each optimisation alone and all together: the same pictures as without, on several checkpoints;
// int8 against generations that diffusers made with int8 layers in plain torch.
#include <gtest/gtest.h>

#include <set>

#include "base/json_file.h"
#include "generation.h"
#include "io/tensors.h"

namespace allaprima::runtime {
namespace {

using Kind = TransformKind;

std::vector<std::string> names_of(Pipeline& pipeline, const std::string& kind) {
  std::vector<std::string> names;
  for (const Json& layer : pipeline.layers()) {
    if (layer["kind"] == kind && layer["kernel"] == 1) names.push_back(layer["name"]);
  }
  return names;
}

void apply(Pipeline& pipeline, const std::vector<Kind>& kinds,
           kernels::Int8Scheme scheme = kernels::Int8Scheme::kTutorial) {
  for (const Kind kind : kinds) {
    const bool int8 = kind == Kind::kInt8Dynamic;
    pipeline.transform({kind,
                        int8                         ? names_of(pipeline, "linear")
                        : kind == Kind::kSwapConv1x1 ? names_of(pipeline, "conv")
                                                     : std::vector<std::string>(),
                        scheme});
  }
}

std::unique_ptr<Pipeline> open(const std::string& model) {
  return Pipeline::open({model, DeviceChoice::kCpu, 0, PrecisionChoice::kFp32, ""});
}

struct Latents {
  Tensor latents, image;
};

Latents draw(Pipeline& pipeline, double rescale = 0) {
  Request r;
  r.prompt = "a red fox in the snow";
  r.width = 80;
  r.height = 112;
  r.steps = 3;
  r.images = 2;
  r.guidance = 5;
  r.guidance_rescale = rescale;
  r.seed = 3;
  r.keep_stages = true;
  Run run(pipeline, r);
  generate(run);
  return {run.stage("latents"), run.stage("image")};
}

struct Rung {
  std::string name;
  std::vector<Kind> kinds;
  double bound;
};

const std::vector<Rung> kRungs{
    {"attention_math", {Kind::kMathAttention}, 1e-5},
    {"fuse_qkv", {Kind::kFuseQkv}, 5e-6},
    {"swap_conv1x1", {Kind::kSwapConv1x1}, 1e-5},
    {"channels_last", {Kind::kChannelsLast}, 1e-5},
    {"compile", {Kind::kCompile}, 1e-5},
    {"all", {Kind::kFuseQkv, Kind::kSwapConv1x1, Kind::kChannelsLast, Kind::kCompile}, 1e-5},
    {"all_math",
     {Kind::kMathAttention, Kind::kFuseQkv, Kind::kSwapConv1x1, Kind::kChannelsLast,
      Kind::kCompile},
     1e-5}};

// k: projections that are convolutions; j: an LCM; m: a VAE with statistics of its latents.
const std::vector<std::string> kModels{"tiny", "a", "b", "f", "h", "i", "j", "k", "m"};

std::string folder(const std::string& model) {
  return model == "tiny" ? ALLAPRIMA_MODELS "/tiny" : ALLAPRIMA_TEST_DATA "/pipelines/" + model;
}

class RungsTest : public testing::TestWithParam<std::string> {};

TEST_P(RungsTest, draw_what_eager_draws) {
  const c10::InferenceMode inference;
  const Latents eager = draw(*open(folder(GetParam())));
  for (const Rung& rung : kRungs) {
    const auto pipeline = open(folder(GetParam()));
    apply(*pipeline, rung.kinds);
    const Latents changed = draw(*pipeline);
    EXPECT_LE(distance(changed.latents, eager.latents), rung.bound) << rung.name;
    EXPECT_LE(distance(changed.image, eager.image), rung.bound) << rung.name;
  }
}

INSTANTIATE_TEST_SUITE_P(, RungsTest, testing::ValuesIn(kModels),
                         [](const auto& info) { return info.param; });

Json entry(const Pipeline& pipeline, const std::string& name) {
  for (const Json& entry : pipeline.plan(Pipeline::Detail::kLayers)) {
    if (entry["transform"] == name) return entry;
  }
  return {};
}

TEST(PlanTest, counts_what_each_transform_changed) {
  const c10::InferenceMode inference;
  const auto pipeline = open(folder("tiny"));
  const auto linears = names_of(*pipeline, "linear").size(),
             convs = names_of(*pipeline, "conv").size();
  apply(*pipeline, {Kind::kMathAttention, Kind::kFuseQkv, Kind::kSwapConv1x1, Kind::kInt8Dynamic,
                    Kind::kChannelsLast, Kind::kCompile});
  EXPECT_GT(entry(*pipeline, "fuse_qkv")["changed"], 0);
  EXPECT_EQ(entry(*pipeline, "fuse_qkv")["bytes_before"],
            entry(*pipeline, "fuse_qkv")["bytes_after"]);
  EXPECT_EQ(entry(*pipeline, "swap_conv1x1")["changed"], convs);
  const Json int8 = entry(*pipeline, "int8_dynamic");
  EXPECT_EQ(int8["changed"], int8["layers"].size());
  EXPECT_GT(int8["changed"], linears / 4);
  EXPECT_LT(int8["bytes_after"].get<double>(), 0.4 * int8["bytes_before"].get<double>());
  EXPECT_EQ(entry(*pipeline, "conv1x1_as_product")["changed"], 0);
  const Json pack = entry(*pipeline, "pack");
  EXPECT_EQ(pack["bytes_before"], pack["bytes_after"]);
  EXPECT_EQ(pack["changed"].get<size_t>(),
            names_of(*pipeline, "linear").size() - int8["changed"].get<size_t>() +
                entry(*pipeline, "channels_last")["changed"].get<size_t>());
}

TEST(PlanTest, refuses_what_comes_out_of_order_or_names_no_layer) {
  const c10::InferenceMode inference;
  const auto pipeline = open(folder("tiny"));
  const auto refused = [&](const Transform& transform) -> std::string {
    try {
      pipeline->transform(transform);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refused({Kind::kInt8Dynamic, {"unet.conv_in"}}).find("'unet.conv_in' is no linear"),
            std::string::npos);
  EXPECT_NE(refused({Kind::kSwapConv1x1, {"unet.conv_in"}}).find("no convolution of 1×1"),
            std::string::npos);
  EXPECT_EQ(refused({Kind::kChannelsLast}), "");
  EXPECT_NE(refused({Kind::kFuseQkv}).find("fuse_qkv comes too late"), std::string::npos);
  EXPECT_NE(refused({Kind::kChannelsLast}).find("already done"), std::string::npos);
  // Its number is the highest, its place is not the last.
  EXPECT_NE(refused({Kind::kFp8Dynamic}).find("fp8_dynamic comes too late"), std::string::npos);
  EXPECT_NE(refused({Kind::kFp8Dynamic}).find("int8_dynamic, fp8_dynamic, channels_last, compile"),
            std::string::npos);
}

TEST(PlanTest, refuses_float8_on_a_cpu_and_changes_nothing) {
  const c10::InferenceMode inference;
  const auto pipeline = open(folder("tiny"));
  apply(*pipeline, {Kind::kInt8Dynamic});
  const Json before = pipeline->plan(Pipeline::Detail::kLayers);
  try {
    pipeline->transform({Kind::kFp8Dynamic, names_of(*pipeline, "linear")});
    FAIL() << "it computes in float8 on a CPU";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("compute capability 8.9"), std::string::npos);
  }
  EXPECT_EQ(pipeline->plan(Pipeline::Detail::kLayers), before);
  apply(*pipeline, {Kind::kCompile});
  EXPECT_EQ(draw(*pipeline).image.size(0), 2);
}

TEST(CompileTest, rescales_guidance_as_eager_does) {
  const c10::InferenceMode inference;
  const Latents eager = draw(*open(folder("tiny")), 0.7);
  const auto pipeline = open(folder("tiny"));
  apply(*pipeline, {Kind::kCompile});
  EXPECT_LE(distance(draw(*pipeline, 0.7).latents, eager.latents), 1e-5);
  EXPECT_GT(distance(draw(*pipeline).latents, eager.latents), 1e-3);
}

// Told to oneDNN to say what it does, by reorders.py.
TEST(CompiledSteps, DISABLED_tell_where_they_are) {
  const c10::InferenceMode inference;
  const auto at = [](const std::string& place) {
    std::printf("at: %s\n", place.c_str());
    std::fflush(stdout);
  };
  for (const auto precision : {PrecisionChoice::kFp32, PrecisionChoice::kBf16}) {
    const auto pipeline =
        Pipeline::open({ALLAPRIMA_MODELS "/emoji", DeviceChoice::kCpu, 0, precision, ""});
    at("compile");
    apply(*pipeline, {Kind::kFuseQkv, Kind::kCompile});
    for (const int64_t side : {128, 192}) {
      Request r;
      r.prompt = "a red apple";
      r.width = side;
      r.height = 160;
      r.steps = 4;
      r.guidance = 3;
      runtime::Run run(*pipeline, r);
      run.encode();
      for (int step = 1; step <= 4; ++step) {
        at(std::to_string(side) + (precision == PrecisionChoice::kFp32 ? " fp32" : " bf16") +
           " step " + std::to_string(step));
        run.step();
      }
      at("after");
    }
  }
}

TEST(Int8ChoiceTest, times_every_shape_and_chooses_among_what_can_be_int8) {
  const c10::InferenceMode inference;
  const auto pipeline = open(folder("tiny"));
  apply(*pipeline, {Kind::kFuseQkv});
  const Json answer = pipeline->choose_int8({});
  int64_t layers = 0;
  for (const Json& timing : answer["timings"]) {
    layers += timing["layers"].get<int64_t>();
    EXPECT_GT(timing["dense_s"], 0);
    EXPECT_GT(timing["int8_s"], 0);
  }
  const auto pictures = [](const Json& l) {
    return l["kind"] == "linear" && l["rows"] != "pictures";
  };
  const Json all = pipeline->layers();
  EXPECT_EQ(layers, std::count_if(all.begin(), all.end(), pictures));
  pipeline->transform({Kind::kInt8Dynamic, answer["layers"]});
  EXPECT_EQ(entry(*pipeline, "int8_dynamic")["changed"], answer["layers"].size());
}

struct Int8Golden {
  std::string model, scheme;
  bool compiled;
};

class Int8GoldenTest : public testing::TestWithParam<Int8Golden> {
 protected:
  static SafetensorsFile file(const std::string& scheme) {
    return SafetensorsFile(std::filesystem::path(ALLAPRIMA_MODELS) / GetParam().model /
                           "golden-int8" / (scheme + ".safetensors"));
  }
  static Tensor read(const SafetensorsFile& file, const std::string& name) {
    return view_of(file.tensors().at(name), name).to(at::kFloat).clone();
  }
};

TEST_P(Int8GoldenTest, is_nearest_to_its_own_scheme) {
  const c10::InferenceMode inference;
  const bool tutorial = GetParam().scheme == "tutorial";
  const SafetensorsFile own = file(GetParam().scheme),
                        other = file(tutorial ? "torchao" : "tutorial"),
                        exact(std::filesystem::path(ALLAPRIMA_MODELS) / GetParam().model /
                              "golden.safetensors");
  const auto text = [&](const char* key) { return own.metadata().at(key); };
  const auto pipeline = open(ALLAPRIMA_MODELS "/" + GetParam().model);
  apply(*pipeline, {Kind::kFuseQkv, Kind::kInt8Dynamic},
        tutorial ? kernels::Int8Scheme::kTutorial : kernels::Int8Scheme::kTorchao);
  if (GetParam().compiled) apply(*pipeline, {Kind::kCompile});

  const Json quantised = Json::parse(text("quantised"));
  std::set<std::string> names;
  for (const auto& [network, layers] : quantised.items()) {
    for (const auto& layer : layers) names.insert(network + "." + layer.get<std::string>());
  }
  EXPECT_EQ(entry(*pipeline, "int8_dynamic")["layers"].get<std::set<std::string>>(), names);

  Request r;
  r.prompt = text("prompt");
  if (own.metadata().contains("negative_prompt")) r.negative_prompt = text("negative_prompt");
  r.width = std::stoll(text("width"));
  r.height = std::stoll(text("height"));
  r.steps = std::stoll(text("steps"));
  r.guidance = std::stod(text("guidance"));
  r.keep_stages = true;
  const auto noise = std::filesystem::temp_directory_path() /
                     ("allaprima-int8-" + GetParam().model + ".safetensors");
  save_tensors(noise, {{"latents", read(own, "noise")}}, {});
  r.latents = noise;
  runtime::Run run(*pipeline, r);
  generate(run);
  std::filesystem::remove(noise);

  // One step: what rounding leaves. All steps: a last bit moves some values to the next integer.
  EXPECT_LE(distance(run.stage("noise_pred"), read(own, "noise_pred")), 6e-3);
  const double distance_own = distance(run.stage("latents"), read(own, "latents"));
  RecordProperty("distance_own", std::to_string(distance_own));
  EXPECT_LT(distance_own, distance(run.stage("latents"), read(other, "latents")));
  EXPECT_LT(distance_own, distance(run.stage("latents"), read(exact, "latents")));
}

INSTANTIATE_TEST_SUITE_P(
    , Int8GoldenTest,
    testing::Values(Int8Golden{"tiny", "tutorial", false}, Int8Golden{"tiny", "tutorial", true},
                    Int8Golden{"tiny", "torchao", false}, Int8Golden{"emoji", "tutorial", false},
                    Int8Golden{"emoji", "tutorial", true}, Int8Golden{"emoji", "torchao", false}),
    [](const auto& info) {
      return info.param.model + "_" + info.param.scheme + (info.param.compiled ? "_compiled" : "");
    });

}  // namespace
}  // namespace allaprima::runtime
