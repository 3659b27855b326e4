// What the tests of the fake runtime share: libtorch's CUDA side, precompiled once, on a stream of
// its own. ATen/cuda/CUDAContext.h is not here: it wants the headers of cuBLAS and others.
#pragma once

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <gtest/gtest.h>

#include "fake_cuda/fake_cuda.h"

namespace allaprima::cuda {

using at::Tensor;
using Names = std::vector<std::string>;

inline Tensor empty_on_device(at::IntArrayRef shape, at::ScalarType type = at::kBFloat16) {
  return at::empty(shape, at::device(at::kCUDA).dtype(type));
}

inline std::vector<float> values_of(const Tensor& tensor) {
  const Tensor host = tensor.cpu().to(at::kFloat).contiguous();
  return {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()};
}

class OnFakeCuda : public testing::Test {
 protected:
  OnFakeCuda() : stream_(c10::cuda::getStreamFromPool()), guard_(stream_) {
    fake_cuda::reset_counters();
  }
  ~OnFakeCuda() override {
    fake_cuda::set_memory_limit(0);
    fake_cuda::set_product_limit(0);
  }

  /// Captures `work` after running it once, as is done on a GPU.
  template <class Work>
  void capture(at::cuda::CUDAGraph& graph, Work work) {
    work();
    stream_.synchronize();
    graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    work();
    graph.capture_end();
  }

  template <class Work>
  Names captured(Work work) {
    at::cuda::CUDAGraph graph;
    capture(graph, work);
    return fake_cuda::names(fake_cuda::captured_graph());
  }

  c10::cuda::CUDAStream stream_;
  c10::cuda::CUDAStreamGuard guard_;
};

}  // namespace allaprima::cuda
