#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/step_state.h"

namespace allaprima::kernels::cuda {

namespace {

using allaprima::cuda::launch;

constexpr int kThreads = 256;

__device__ inline void narrow(float value, float* to) { *to = value; }
__device__ inline void narrow(float value, __half* to) { *to = __float2half_rn(value); }
__device__ inline void narrow(float value, __nv_bfloat16* to) { *to = __float2bfloat16_rn(value); }

__device__ inline float widen(float value) { return value; }
__device__ inline float widen(__half value) { return __half2float(value); }
__device__ inline float widen(__nv_bfloat16 value) { return __bfloat162float(value); }

__device__ inline int64_t thread_number() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__device__ inline int64_t numbers_of(const Step& s) {
  return s.batch * s.channels * s.height * s.width;
}

/// Where the i-th number of the latents lies in the first copy of a map.
__device__ inline int64_t place_of(int64_t i, const Step& s, const Map& map) {
  const int64_t x = i % s.width, y = i / s.width % s.height;
  const int64_t c = i / (s.width * s.height) % s.channels;
  const int64_t b = i / (s.width * s.height * s.channels);
  return b * map.strides[0] + c * map.strides[1] + y * map.strides[2] + x * map.strides[3];
}

/// T: the map's element; Word: an unsigned integer as wide as an element of the table.
template <class T, class Word>
__global__ void begin_step_kernel(Step s, TimeRows times, Map input, int copies) {
  const int64_t now = *s.step, i = thread_number();
  if (i < times.width) {
    static_cast<Word*>(times.row)[i] = static_cast<const Word*>(times.table)[now * times.width + i];
  }
  if (i >= numbers_of(s)) return;
  T* to = static_cast<T*>(input.data) + place_of(i, s, input);
  const float scaled = s.latents[i] * s.factors[now * kColumns + kInputScale];
  for (int copy = 0; copy < copies; ++copy) narrow(scaled, to + copy * s.batch * input.strides[0]);
}

template <class T>
__global__ void end_step_kernel(Step s, Map prediction, int copies) {
  const int64_t now = *s.step, i = thread_number();
  if (i >= numbers_of(s)) return;
  const T* from = static_cast<const T*>(prediction.data) + place_of(i, s, prediction);
  const float* factor = s.factors + now * kColumns;
  float guided = widen(*from);
  if (copies == 2) {
    const float conditional = widen(from[s.batch * prediction.strides[0]]);
    guided = guided + (conditional - guided) * factor[kGuidance];
  }
  const float latent = s.latents[i] * factor[kLatent] + guided * factor[kPrediction];
  s.latents[i] = latent;
  if (!isfinite(latent)) s.finite[now] = false;  // whoever writes, writes the same
}

/// By itself: a block that reads the step must not meet one that has counted it on.
__global__ void advance_step_kernel(int64_t* step) { *step += 1; }

unsigned blocks(int64_t numbers) {
  return static_cast<unsigned>((numbers + kThreads - 1) / kThreads);
}

template <class T>
void begin_with(const Step& s, const TimeRows& times, const Map& input, int copies,
                cudaStream_t stream) {
  const int64_t latents = s.batch * s.channels * s.height * s.width;
  const auto kernel =
      times.element_bytes == 2 ? begin_step_kernel<T, uint16_t> : begin_step_kernel<T, uint32_t>;
  launch(kernel, dim3(blocks(latents > times.width ? latents : times.width)), dim3(kThreads), 0,
         stream, s, times, input, copies);
}

template <class T>
void end_with(const Step& s, const Map& prediction, int copies, cudaStream_t stream) {
  launch(end_step_kernel<T>, dim3(blocks(s.batch * s.channels * s.height * s.width)),
         dim3(kThreads), 0, stream, s, prediction, copies);
}

}  // namespace

cudaError_t begin_step(const Step& step, const TimeRows& times, const Map& input, int copies,
                       cudaStream_t stream) {
  switch (input.type) {
    case Element::kFloat:
      begin_with<float>(step, times, input, copies, stream);
      break;
    case Element::kHalf:
      begin_with<__half>(step, times, input, copies, stream);
      break;
    case Element::kBFloat16:
      begin_with<__nv_bfloat16>(step, times, input, copies, stream);
      break;
  }
  return cudaGetLastError();
}

cudaError_t end_step(const Step& step, const Map& prediction, int copies, cudaStream_t stream) {
  switch (prediction.type) {
    case Element::kFloat:
      end_with<float>(step, prediction, copies, stream);
      break;
    case Element::kHalf:
      end_with<__half>(step, prediction, copies, stream);
      break;
    case Element::kBFloat16:
      end_with<__nv_bfloat16>(step, prediction, copies, stream);
      break;
  }
  launch(advance_step_kernel, dim3(1), dim3(1), 0, stream, step.step);
  return cudaGetLastError();
}

}  // namespace allaprima::kernels::cuda
