// UNets that no text-to-image pipeline has, by themselves against diffusers.
#include "networks/unet.h"

#include <gtest/gtest.h>

#include "io/tensors.h"
#include "networks/load.h"

namespace allaprima::networks {
namespace {

namespace fs = std::filesystem;

class UNetTest : public testing::TestWithParam<std::string> {
 protected:
  UNetTest()
      : folder_(fs::path(ALLAPRIMA_TEST_DATA "/networks") / GetParam()),
        golden_(folder_ / "golden.safetensors"),
        unet_(UNetConfig::read(folder_)) {
    Checkpoint checkpoint(find_weights(folder_, "diffusion_pytorch_model", ""));
    load(unet_, checkpoint, choose_placement(DeviceChoice::kCpu, 0, PrecisionChoice::kFp32));
  }

  Tensor golden(const std::string& name) const {
    return view_of(golden_.tensors().at(name), name).clone();
  }

  TextCondition condition() const {
    return {golden("context"), golden("pooled"), golden("time_ids")};
  }

  Tensor predict(const TextCondition& condition) const {
    const nn::Forward f{kernels::plain_ops(), stop_};
    const auto text = unet_.prepare(f, condition);
    const auto times = unet_.prepare(f, text, golden("timestep"));
    return unet_.step(f, golden("sample"), {text, times, 0});
  }

  double distance_from_diffusers(const TextCondition& condition) const {
    const Tensor theirs = golden("prediction");
    return ((predict(condition) - theirs).norm() / theirs.norm()).item<double>();
  }

  const c10::InferenceMode inference_;
  fs::path folder_;
  SafetensorsFile golden_;
  UNet unet_;
  StopFlag stop_;
};

TEST_P(UNetTest, predicts_what_diffusers_predicts) {
  EXPECT_LE(distance_from_diffusers(condition()), 1e-5);
}

TEST_P(UNetTest, looks_at_the_last_number_about_the_picture) {
  TextCondition changed = condition();
  changed.time_ids.select(1, -1) += 1;
  EXPECT_GT(distance_from_diffusers(changed), 1e-4);
}

TEST_P(UNetTest, refuses_another_count_of_numbers) {
  TextCondition changed = condition();
  changed.time_ids = changed.time_ids.narrow(1, 0, 4);
  EXPECT_THROW(predict(changed), Error);
}

INSTANTIATE_TEST_SUITE_P(, UNetTest, testing::Values("refiner", "inpaint"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace allaprima::networks
