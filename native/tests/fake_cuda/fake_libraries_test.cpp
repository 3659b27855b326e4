// The operations of an SDXL step on the fake libraries: what libtorch makes of them, by name.
#include <thread>

#include "torch_on_fake.h"

namespace allaprima::cuda {
namespace {

using Libraries = OnFakeCuda;

Tensor channels_last(at::IntArrayRef shape) {
  return empty_on_device(shape).contiguous(at::MemoryFormat::ChannelsLast);
}

/// [B, N, T, D], stored as [B, T, N * D].
Tensor heads(int64_t tokens, int64_t count, int64_t width) {
  return empty_on_device({2, tokens, count * width})
      .view({2, tokens, count, width})
      .transpose(1, 2);
}

struct Backend {
  bool cudnn, flash, efficient, math;
};
void choose(const Backend& backend) {
  at::globalContext().setSDPUseCuDNN(backend.cudnn);
  at::globalContext().setSDPUseFlash(backend.flash);
  at::globalContext().setSDPUseMemEfficient(backend.efficient);
  at::globalContext().setSDPUseMath(backend.math);
}

TEST_F(Libraries, a_convolution_a_product_and_attention_are_captured_by_name) {
  const Tensor x = channels_last({2, 320, 32, 32});
  const Tensor weight = channels_last({640, 320, 3, 3});
  const Tensor bias = empty_on_device({640});
  const Tensor tokens = empty_on_device({2, 64, 640});
  const Tensor square = empty_on_device({640, 640});
  const Tensor q = heads(64, 10, 64);
  choose({.cudnn = false, .flash = true, .efficient = false, .math = false});
  const Names names = captured([&] {
    at::conv2d(x, weight, {}, 1, 1);
    at::linear(tokens, square, bias);
    at::linear(tokens, square);
    at::scaled_dot_product_attention(q, q, q);
  });
  choose({true, true, true, true});
  EXPECT_EQ(names,
            (Names{"cudnn convolution bf16 NHWC 2x320x32x32 by 640x320x3x3, stride 1, padding 1",
                   "cublasLtMatmul bf16 128x640x640 + bias", "cublasGemmEx bf16 128x640x640",
                   "flash_fwd_kernel<Flash_fwd_kernel_traits<64, 128, 128, 4, bfloat16_t, "
                   "Flash_kernel_traits<64, 128, 128, 4, bfloat16_t>>>"}));
}

TEST_F(Libraries, convolutions_say_their_layout_and_strides) {
  const Tensor x = empty_on_device({1, 4, 16, 16});
  EXPECT_EQ(captured([&] { at::conv2d(x, empty_on_device({8, 4, 3, 3}), {}, 2, 1); })[0],
            "cudnn convolution bf16 NCHW 1x4x16x16 by 8x4x3x3, stride 2, padding 1");
}

TEST_F(Libraries, attention_by_each_backend) {
  const Tensor q = heads(64, 10, 64);
  const Tensor wide = heads(64, 1, 512);
  const auto attend = [](const Tensor& x) {
    return [x] { at::scaled_dot_product_attention(x, x, x); };
  };
  choose({.cudnn = false, .flash = false, .efficient = true, .math = false});
  EXPECT_EQ(captured(attend(q)), Names{"fmha_cutlassF_bf16_aligned_64x64_rf_sm80"});
  choose({true, true, true, true});
  EXPECT_EQ(captured(attend(q)), Names{"cudnn attention bf16 2x10x64x64 by 2x10x64x64"});
  EXPECT_EQ(captured(attend(wide)), Names{"fmha_cutlassF_bf16_aligned_32x128_gmem_sm80"});
}

TEST_F(Libraries, int8_and_fp8_products) {
  const Tensor a = empty_on_device({64, 640}, at::kChar);
  const Tensor b = empty_on_device({1280, 640}, at::kChar);
  EXPECT_EQ(captured([&] { at::_int_mm(a, b.t()); }),
            Names{"cublasLtMatmul int8 to int32 64x1280x640"});
  const Tensor a8 = empty_on_device({64, 640}, at::kFloat8_e4m3fn);
  const Tensor b8 = empty_on_device({1280, 640}, at::kFloat8_e4m3fn);
  const Tensor by_row = empty_on_device({64, 1}, at::kFloat);
  const Tensor by_column = empty_on_device({1, 1280}, at::kFloat);
  const Tensor bias = empty_on_device({1280});
  EXPECT_EQ(captured([&] {
              at::_scaled_mm(a8, b8.t(), by_row, by_column, bias, {}, at::kBFloat16, true);
            }),
            Names{"cublasLtMatmul e4m3 to bf16 64x1280x640 scaled by row + bias"});
}

TEST_F(Libraries, the_elementwise_rest_of_a_step) {
  const Tensor x = channels_last({2, 64, 16, 16});
  const Tensor tokens = empty_on_device({2, 16, 64});
  const Tensor per_channel = empty_on_device({64});
  const Tensor row = at::zeros({1}, at::device(at::kCUDA).dtype(at::kLong));
  const Names names = captured([&] {
    at::group_norm(x, 32, per_channel, per_channel, 1e-5);
    at::layer_norm(tokens, {64}, per_channel, per_channel, 1e-5);
    at::silu(x);
    at::gelu(tokens);
    at::cat({x, x}, 1);
    at::upsample_nearest2d(x, std::vector<int64_t>{32, 32});
    at::index_select(tokens, 0, row);
    at::add(x, x);
    tokens.to(at::kFloat);
  });
  EXPECT_EQ(
      names,
      (Names{"elementwise_kernel<direct_copy_kernel_cuda(BFloat16)>",
             "RowwiseMomentsCUDAKernel<BFloat16, float>",
             "ComputeFusedParamsCUDAKernel<BFloat16, float>",
             "elementwise_kernel<GroupNormKernelImplInternal<BFloat16, float>(BFloat16, float)>",
             "vectorized_layer_norm_kernel<BFloat16, float>",
             "vectorized_elementwise_kernel<silu_kernel(BFloat16)>",
             "vectorized_elementwise_kernel<GeluCUDAKernelImpl(BFloat16)>",
             "CatArrayBatchedCopy_alignedK_contig<OpaqueType>",
             "upsample_nearest2d_nhwc_out_frame<BFloat16>", "indexSelectSmallIndex<BFloat16>",
             "vectorized_elementwise_kernel<CUDAFunctor_add<BFloat16>>",
             "unrolled_elementwise_kernel<direct_copy_kernel_cuda(float)>"}));
}

/// Small numbers, exact in each type.
Tensor grid(at::IntArrayRef shape, at::ScalarType type) {
  const Tensor flat = at::arange(c10::multiply_integers(shape), at::kFloat);
  return (at::remainder(flat * 7, 11) - 5).view(shape).to(type);
}

TEST_F(Libraries, small_products_compute_at_replay) {
  fake_cuda::set_product_limit(1 << 20);
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Tensor x = grid({2, 24, 32}, type), weight = grid({16, 32}, type),
                 bias = grid({16}, type);
    const Tensor on_device[] = {x.to(at::kCUDA), weight.to(at::kCUDA), bias.to(at::kCUDA)};
    Tensor with_bias, without;
    at::cuda::CUDAGraph graph;
    capture(graph, [&] {
      with_bias = at::linear(on_device[0], on_device[1], on_device[2]);
      without = at::linear(on_device[0], on_device[1]);
    });
    graph.replay();
    EXPECT_TRUE(at::equal(with_bias.cpu(), at::linear(x, weight, bias))) << type;
    EXPECT_TRUE(at::equal(without.cpu(), at::linear(x, weight))) << type;
    const Tensor batched = at::bmm(on_device[0], on_device[0].transpose(1, 2));
    EXPECT_TRUE(at::equal(batched.cpu(), at::bmm(x, x.transpose(1, 2)))) << type;
  }
}

TEST_F(Libraries, small_quantised_products_compute) {
  fake_cuda::set_product_limit(1 << 20);
  const Tensor a = grid({24, 32}, at::kChar), b = grid({16, 32}, at::kChar);
  EXPECT_TRUE(at::equal(at::_int_mm(a.to(at::kCUDA), b.to(at::kCUDA).t()).cpu(),
                        at::matmul(a.to(at::kInt), b.to(at::kInt).t())));
  const Tensor scale_a = at::arange(1, 25, at::kFloat).view({24, 1}) / 8;
  const Tensor scale_b = at::arange(1, 17, at::kFloat).view({1, 16}) / 4;
  const auto fp8 = [](const Tensor& x) { return x.to(at::kFloat8_e4m3fn).to(at::kCUDA); };
  const Tensor product =
      at::_scaled_mm(fp8(a.to(at::kFloat)), fp8(b.to(at::kFloat)).t(), scale_a.to(at::kCUDA),
                     scale_b.to(at::kCUDA), {}, {}, at::kBFloat16, true);
  const Tensor expected = at::matmul(a.to(at::kFloat), b.to(at::kFloat).t()) * scale_a * scale_b;
  EXPECT_TRUE(at::equal(product.cpu(), expected.to(at::kBFloat16)));
}

TEST_F(Libraries, a_first_product_in_a_capture_has_no_handle) {
  const Tensor x = empty_on_device({64, 64});
  at::mm(x, x);  // this thread's handle; another thread makes its own
  std::thread([&] {
    const c10::cuda::CUDAStreamGuard guard(stream_);
    at::cuda::CUDAGraph graph;
    graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    EXPECT_THROW(at::mm(x, x), c10::Error);
    EXPECT_THROW(graph.capture_end(), c10::Error);
    cudaGetLastError();
  }).join();
}

}  // namespace
}  // namespace allaprima::cuda
