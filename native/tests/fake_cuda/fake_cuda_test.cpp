// The real libtorch on the fake runtime.
#include "fake_cuda/fake_cuda.h"

#include "emulated_launch.h"
#include "torch_cuda.h"

namespace allaprima::cuda {
namespace {

using at::Tensor;

__global__ void scale(float* values, float by, int count) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) values[i] *= by;
}

template <class T>
__global__ void convert(const float* from, T* to) {
  to[threadIdx.x] = T(from[threadIdx.x]);
}

[[maybe_unused]] at::TensorOptions on_device(at::ScalarType type) {
  return at::device(at::kCUDA).dtype(type);
}

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor host = tensor.to(at::kFloat).cpu().contiguous();
  return {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()};
}

class FakeCuda : public testing::Test {
 protected:
  FakeCuda() : stream_(c10::cuda::getStreamFromPool()), guard_(stream_) {
    fake_cuda::reset_counters();
  }
  ~FakeCuda() override { fake_cuda::set_memory_limit(0); }

  /// The names of what `work` does, captured after it ran once.
  template <class Work>
  std::vector<std::string> captured(at::cuda::CUDAGraph& graph, Work work) {
    work();
    stream_.synchronize();
    graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    work();
    graph.capture_end();
    return fake_cuda::names(fake_cuda::captured_graph());
  }

  c10::cuda::CUDAStream stream_;
  c10::cuda::CUDAStreamGuard guard_;
};

TEST_F(FakeCuda, capture_runs_nothing_and_replays_compute) {
  const Tensor x = at::arange(1, 9, at::kFloat).to(at::kCUDA);
  at::cuda::CUDAGraph graph;
  graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  ASSERT_EQ(launch(scale, 2, 4, 0, stream_, x.data_ptr<float>(), 2, 8), cudaSuccess);
  graph.capture_end();
  EXPECT_EQ(values_of(x)[2], 3);
  graph.replay();
  graph.replay();
  EXPECT_EQ(values_of(x)[2], 12);
  EXPECT_EQ(fake_cuda::names(fake_cuda::launched_graph()), std::vector<std::string>{"scale"});
}

}  // namespace
}  // namespace allaprima::cuda
