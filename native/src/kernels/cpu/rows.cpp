// Compiled several times, with ALLAPRIMA_ISA as the name of the instruction set: native/CMakeLists.
// Loops are plain, the compiler turns them into vectors; only their shape is chosen for that.
#include "kernels/cpu/rows.h"

#define ALLAPRIMA_TEXT_OF(x) #x
#define ALLAPRIMA_TEXT(x) ALLAPRIMA_TEXT_OF(x)

namespace allaprima::kernels::cpu::ALLAPRIMA_ISA {

extern const RowKernels kernels;

namespace {

/// Its bits. No struct: loops over those do not become vectors.
enum class BFloat16 : uint16_t {};

float widen(float x) { return x; }
float widen(BFloat16 x) { return __builtin_bit_cast(float, static_cast<uint32_t>(x) << 16); }

void narrow(float x, float* to) { *to = x; }
void narrow(float x, BFloat16* to) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;  // half to even
  *to = static_cast<BFloat16>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
}

/// The bits of magnitudes are in the order of the magnitudes, NaN above all.
template <class T>
float largest_magnitude(const T* x, int64_t width) {
  int32_t largest = 0;
  for (int64_t i = 0; i < width; ++i) {
    const int32_t bits = __builtin_bit_cast(int32_t, widen(x[i])) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  return __builtin_bit_cast(float, largest);
}

/// Half to even, for magnitudes below 2^22: the sum leaves no bits behind the point.
float rounded(float x) {
  constexpr float kNoFraction = 12582912.0f;  // 1.5 · 2^23
  return (x + kNoFraction) - kNoFraction;
}

/// To the nearest integer of low to 127.
int8_t integer(float x, float low) {
  x = x < low ? low : x;
  x = x > 127.0f ? 127.0f : x;
  return static_cast<int8_t>(static_cast<int32_t>(rounded(x)));
}

float at_least(float least, float x) { return x < least ? least : x; }

template <class T>
void quantize_row(const T* x, int64_t width, Int8Rounding rounding, int8_t* values, float* scale) {
  constexpr float kSmallest = 1.0f / (1 << 23);
  const float largest = largest_magnitude(x, width);
  const bool whole = rounding == Int8Rounding::k127;
  const float s = whole ? at_least(1e-5f, largest) / 127.0f : at_least(kSmallest, largest / 127.5f);
  *scale = s;
  if (rounding == Int8Rounding::k127AndAHalfInverse) {
    const float inverse = 1.0f / s;
    for (int64_t i = 0; i < width; ++i) values[i] = integer(widen(x[i]) * inverse, -128.0f);
    return;
  }
  const float low = whole ? -127.0f : -128.0f;
  for (int64_t i = 0; i < width; ++i) values[i] = integer(widen(x[i]) / s, low);
}

template <class T>
void quantize_rows(const void* x, int64_t rows, int64_t width, Int8Rounding rounding,
                   int8_t* values, float* scales) {
  const T* source = static_cast<const T*>(x);
  for (int64_t row = 0; row < rows; ++row) {
    quantize_row(source + row * width, width, rounding, values + row * width, scales + row);
  }
}

void quantize(Element type, const void* x, int64_t rows, int64_t width, Int8Rounding rounding,
              int8_t* values, float* scales) {
  const auto run = type == Element::kFloat ? quantize_rows<float> : quantize_rows<BFloat16>;
  run(x, rows, width, rounding, values, scales);
}

template <class T>
void dequantize_rows(const int32_t* sums, int64_t rows, int64_t width, const float* row_scales,
                     Columns columns, void* result) {
  T* target = static_cast<T*>(result);
  for (int64_t row = 0; row < rows; ++row) {
    const int32_t* __restrict from = sums + row * width;
    T* __restrict to = target + row * width;
    const float scale = row_scales[row];
    if (columns.bias == nullptr) {
      for (int64_t i = 0; i < width; ++i) {
        narrow(static_cast<float>(from[i]) * scale * columns.scales[i], to + i);
      }
    } else {
      for (int64_t i = 0; i < width; ++i) {
        narrow(static_cast<float>(from[i]) * scale * columns.scales[i] + columns.bias[i], to + i);
      }
    }
  }
}

void dequantize(Element type, const int32_t* sums, int64_t rows, int64_t width,
                const float* row_scales, Columns columns, void* result) {
  const auto run = type == Element::kFloat ? dequantize_rows<float> : dequantize_rows<BFloat16>;
  run(sums, rows, width, row_scales, columns, result);
}

template <class T>
void update(const void* first, const void* second, int64_t count, GuidedUpdate u, float* latents) {
  const T* a = static_cast<const T*>(first);
  const T* b = static_cast<const T*>(second);
  if (b == nullptr) {
    for (int64_t i = 0; i < count; ++i) {
      latents[i] = latents[i] * u.latent + widen(a[i]) * u.prediction;
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const float guided = widen(a[i]) + (widen(b[i]) - widen(a[i])) * u.scale;
    latents[i] = latents[i] * u.latent + guided * u.prediction;
  }
}

void guided_update(Element type, const void* first, const void* second, int64_t count,
                   GuidedUpdate u, float* latents) {
  const auto run = type == Element::kFloat ? update<float> : update<BFloat16>;
  run(first, second, count, u, latents);
}

}  // namespace

const RowKernels kernels{ALLAPRIMA_TEXT(ALLAPRIMA_ISA), quantize, dequantize, guided_update};

}  // namespace allaprima::kernels::cpu::ALLAPRIMA_ISA
