#include "product.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <atomic>
#include <cmath>

#include "../cudart/runtime.h"

namespace fake_cuda {
namespace {

std::atomic<int64_t> product_limit{0};

const char* type_name(cudaDataType type) {
  switch (type) {
    case CUDA_R_32F:
      return "fp32";
    case CUDA_R_64F:
      return "fp64";
    case CUDA_R_16F:
      return "fp16";
    case CUDA_R_16BF:
      return "bf16";
    case CUDA_R_8I:
      return "int8";
    case CUDA_R_32I:
      return "int32";
    case CUDA_R_8F_E4M3:
      return "e4m3";
    case CUDA_R_8F_E5M2:
      return "e5m2";
    default:
      return "other";
  }
}

std::string name_of(const Product& product) {
  std::string name = product.function + " " + type_name(product.a.type);
  if (product.b.type != product.a.type) name += std::string("*") + type_name(product.b.type);
  if (product.d.type != product.a.type) name += std::string(" to ") + type_name(product.d.type);
  name += " ";
  if (product.batch != 1) name += std::to_string(product.batch) + " of ";
  name +=
      std::to_string(product.n) + "x" + std::to_string(product.m) + "x" + std::to_string(product.k);
  if (product.a.scale_by_row || product.b.scale_by_row) name += " scaled by row";
  if (product.bias) name += " + bias";
  if (product.gelu) name += " + gelu";
  return name;
}

double load(const void* data, cudaDataType type, int64_t i) {
  switch (type) {
    case CUDA_R_32F:
      return static_cast<const float*>(data)[i];
    case CUDA_R_64F:
      return static_cast<const double*>(data)[i];
    case CUDA_R_16F:
      return __half2float(static_cast<const __half*>(data)[i]);
    case CUDA_R_16BF:
      return __bfloat162float(static_cast<const __nv_bfloat16*>(data)[i]);
    case CUDA_R_8I:
      return static_cast<const int8_t*>(data)[i];
    case CUDA_R_32I:
      return static_cast<const int32_t*>(data)[i];
    case CUDA_R_8F_E4M3:
      return float(static_cast<const __nv_fp8_e4m3*>(data)[i]);
    case CUDA_R_8F_E5M2:
      return float(static_cast<const __nv_fp8_e5m2*>(data)[i]);
    default:
      return NAN;
  }
}

void store(void* data, cudaDataType type, int64_t i, double value) {
  switch (type) {
    case CUDA_R_32F:
      static_cast<float*>(data)[i] = float(value);
      break;
    case CUDA_R_64F:
      static_cast<double*>(data)[i] = value;
      break;
    case CUDA_R_16F:
      static_cast<__half*>(data)[i] = __float2half(float(value));
      break;
    case CUDA_R_16BF:
      static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16(float(value));
      break;
    case CUDA_R_32I:
      static_cast<int32_t*>(data)[i] = int32_t(value);
      break;
    default:
      break;
  }
}

/// An operand as doubles, `depth` (the k) running fastest, times its scale.
std::vector<double> unpack(const Matrix& matrix, int64_t outer, int64_t depth, bool depth_is_row,
                           int64_t batch) {
  std::vector<double> result(size_t(outer * depth));
  for (int64_t o = 0; o < outer; ++o) {
    const double scale = matrix.scale ? matrix.scale[matrix.scale_by_row ? o : 0] : 1.0;
    for (int64_t d = 0; d < depth; ++d) {
      const int64_t at = depth_is_row ? d + o * matrix.leading : o + d * matrix.leading;
      result[size_t(o * depth + d)] =
          scale * load(matrix.data, matrix.type, at + batch * matrix.stride);
    }
  }
  return result;
}

void compute(const Product& product, int64_t batch) {
  const auto a = unpack(product.a, product.m, product.k, product.a.transposed, batch);
  const auto b = unpack(product.b, product.n, product.k, !product.b.transposed, batch);
  for (int64_t j = 0; j < product.n; ++j) {
    for (int64_t i = 0; i < product.m; ++i) {
      double sum = 0;
      for (int64_t k = 0; k < product.k; ++k) {
        sum += a[size_t(i * product.k + k)] * b[size_t(j * product.k + k)];
      }
      double value = product.alpha * sum;
      if (product.beta != 0) {
        value += product.beta * load(product.c.data, product.c.type,
                                     i + j * product.c.leading + batch * product.c.stride);
      }
      if (product.bias) value += load(product.bias, product.bias_type, i);
      // cuBLASLt's GELU is the one by tanh.
      if (product.gelu) {
        value *=
            0.5 * (1 + std::tanh(0.7978845608028654 * (value + 0.044715 * value * value * value)));
      }
      store(const_cast<void*>(product.d.data), product.d.type,
            i + j * product.d.leading + batch * product.d.stride, value);
    }
  }
}

}  // namespace

void set_product_limit(int64_t multiply_adds) { product_limit = multiply_adds; }

cudaDataType factor_type(int compute) {
  return compute / 2 == kCompute16F / 2   ? CUDA_R_16F
         : compute / 2 == kCompute64F / 2 ? CUDA_R_64F
         : compute / 2 == kCompute32I / 2 ? CUDA_R_32I
                                          : CUDA_R_32F;
}

double factor(const void* value, cudaDataType type) { return value ? load(value, type, 0) : 1.0; }

BlasStatus enqueue_product(cudaStream_t stream, const Product& product) {
  if (product.m <= 0 || product.n <= 0 || product.k <= 0) return kBlasInvalidValue;
  const cudaError_t error =
      enqueue(stream, {Kind::library, name_of(product), {}, {}, 0, {}}, [product] {
        if (!is_device_memory(product.workspace)) ++counts().freed_workspaces;
        if (product.m * product.n * product.k * product.batch > product_limit) return;
        for (int64_t batch = 0; batch < product.batch; ++batch) compute(product, batch);
      });
  return error == cudaSuccess ? kBlasSuccess : kBlasExecutionFailed;
}

}  // namespace fake_cuda
