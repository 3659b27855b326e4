// begin_step and end_step of kernels/step_state.h on raw memory of a device. No ATen in here.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace allaprima::kernels::cuda {

/// Columns of a step's factors, as StepFactor of kernels/step_state.h.
enum StepColumn { kInputScale, kLatent, kPrediction, kGuidance, kRescale, kColumns };

enum class Element : int32_t { kFloat, kHalf, kBFloat16 };

/// A map [copies · batch, channels, height, width] of one element type with strides in elements.
struct Map {
  void* data;
  Element type;
  int64_t strides[4];
};

/// The latents [batch, channels, height, width] fp32, contiguous, and what moves them.
struct Step {
  int64_t* step;
  const float* factors;  // [steps, kColumns]
  float* latents;
  bool* finite;  // [steps]
  int64_t batch, channels, height, width;
};

/// A row of `width` elements from each step's row of the table [steps, width].
struct TimeRows {
  const void* table;
  void* row;
  int64_t width;
  int32_t element_bytes;  // 2 or 4
};

/// Each enqueues on `stream`; copies is 1, or 2 where the run is guided. Returns what
/// cudaGetLastError says after the launch.
cudaError_t begin_step(const Step& step, const TimeRows& times, const Map& input, int copies,
                       cudaStream_t stream);
cudaError_t end_step(const Step& step, const Map& prediction, int copies, cudaStream_t stream);

}  // namespace allaprima::kernels::cuda
