// Weights to the device, in pieces through pinned memory.
#include "base/upload.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "base/device_stream.h"
#include "fake_cuda/fake_cuda.h"
#include "networks/load.h"
#include "runtime/pipeline.h"

namespace allaprima {
namespace {

const at::Device kCuda(at::kCUDA, 0);

TEST(UploadTest, sends_what_is_larger_than_its_buffers_in_pieces_that_nothing_waits_for) {
  const c10::InferenceMode inference;
  use_own_stream(kCuda);
  Upload upload(kCuda);
  const int64_t large = 2 * Upload::kBufferBytes / 4 + 1003;  // two buffers and a bit
  const std::vector<Tensor> given{at::arange(large, at::kFloat), at::arange(77, at::kFloat) + 0.5,
                                  at::arange(1, at::kFloat) - 3};
  fake_cuda::reset_counters();
  std::vector<Tensor> there;
  for (const Tensor& x : given) {
    Tensor scratch = x.clone();
    there.push_back(upload(scratch, at::kFloat));
    scratch.fill_(NAN);  // it may go
  }
  const auto counted = fake_cuda::counters();
  EXPECT_EQ(counted.copies_to_device, 5);
  EXPECT_EQ(counted.bytes_to_device, 4 * (large + 77 + 1));
  EXPECT_EQ(counted.blocking_copies, 0);
  EXPECT_EQ(counted.stream_synchronisations + counted.device_synchronisations, 0);
  EXPECT_GE(counted.event_synchronisations, 3);  // before a buffer is filled again
  for (size_t i = 0; i < given.size(); ++i) EXPECT_TRUE(at::equal(there[i].cpu(), given[i])) << i;
}

TEST(UploadTest, a_pipelines_weights_are_those_of_the_file) {
  const c10::InferenceMode inference;
  const auto load = [](DeviceChoice device) {
    return runtime::Pipeline::open({ALLAPRIMA_MODELS "/tiny", device, 0, PrecisionChoice::kFp32});
  };
  const auto weights_of = [](const runtime::Pipeline& pipeline) {
    struct Collect : nn::Visitor {
      void on_tensor(const std::string& path, Tensor& tensor, at::IntArrayRef) override {
        tensors[path] = tensor.cpu();
      }
      std::map<std::string, Tensor> tensors;
    } collect;
    const_cast<networks::UNet&>(pipeline.unet()).visit(collect);
    return collect.tensors;
  };
  const auto here = weights_of(*load(DeviceChoice::kCpu));
  const auto there = weights_of(*load(DeviceChoice::kCuda));
  ASSERT_EQ(here.size(), there.size());
  for (const auto& [path, tensor] : here) EXPECT_TRUE(at::equal(tensor, there.at(path))) << path;
}

}  // namespace
}  // namespace allaprima
