// Loops over rows of numbers on a CPU. rows.cpp is compiled once for each instruction set; which of
// them runs is chosen once, as libtorch chooses for its own kernels. No libtorch in here: a header
// that was compiled for one instruction set must not be linked into code for another.
#pragma once

#include <cstdint>

namespace allaprima::kernels::cpu {

enum class Element : int32_t { kFloat, kBFloat16 };

/// The largest magnitude of a row becomes 127, or 127.5 and is cut, by a division or by the
/// inverse of the scale: Int8Scheme in int8_linear.h.
enum class Int8Rounding : int32_t { k127, k127AndAHalf, k127AndAHalfInverse };

struct Columns {
  const float* scales;  // [width]
  const float* bias;    // [width] or null
};

struct GuidedUpdate {
  float scale;  // of guidance
  float latent, prediction;
};

struct RowKernels {
  const char* instructions;

  /// x [rows, width] to values [rows, width] and scales [rows].
  void (*quantize)(Element type, const void* x, int64_t rows, int64_t width, Int8Rounding rounding,
                   int8_t* values, float* scales);
  /// sums [rows, width] · row scale · column scale + bias, to `result` [rows, width].
  void (*dequantize)(Element type, const int32_t* sums, int64_t rows, int64_t width,
                     const float* row_scales, Columns columns, void* result);
  /// latents' = latents · u.latent + g · u.prediction, g = first + scale · (second − first), or
  /// first where second is null; all [count].
  void (*guided_update)(Element type, const void* first, const void* second, int64_t count,
                        GuidedUpdate u, float* latents);
};

/// For this CPU, or for what ATEN_CPU_CAPABILITY says.
const RowKernels& row_kernels();

}  // namespace allaprima::kernels::cpu
