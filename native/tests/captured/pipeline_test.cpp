// A compiled pipeline on CUDA, on the fake runtime: the real libtorch captures and replays; its own
// kernels and libraries are names only, ours and all copies compute.
#include <gtest/gtest.h>

#include "../runtime/generation.h"
#include "base/device_stream.h"
#include "fake_cuda/fake_cuda.h"

namespace allaprima::runtime {
namespace {

Request request(int64_t steps, int64_t width = 64) {
  Request r;
  r.prompt = "a red fox in the snow";
  r.width = width;
  r.height = 64;
  r.steps = steps;
  r.guidance = 5;
  r.seed = 7;
  return r;
}

TEST(CapturedPipelineTest, draws) {
  auto pipeline = Pipeline::open(
      {ALLAPRIMA_MODELS "/tiny", DeviceChoice::kCuda, 0, PrecisionChoice::kBf16});
  pipeline->transform({TransformKind::kFuseQkv});
  pipeline->transform({TransformKind::kCompile});
  runtime::Run run(*pipeline, request(3));
  run.encode();
  run.step();
  for (const auto& name : fake_cuda::names(fake_cuda::captured_graph())) {
    std::printf("%s\n", name.c_str());
  }
}

}  // namespace
}  // namespace allaprima::runtime
