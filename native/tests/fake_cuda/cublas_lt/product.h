// A matrix product as cuBLAS and cuBLASLt are asked for it: a node with a name that says what is
// multiplied, computed on the CPU where `set_product_limit` allows it.
#pragma once
#include <library_types.h>

#include "../fake_cuda.h"

namespace fake_cuda {

// Values of cuBLAS's own enumerations, whose headers need not be here.
enum BlasStatus {
  kBlasSuccess = 0,
  kBlasNotInitialized = 1,
  kBlasInvalidValue = 7,
  kBlasExecutionFailed = 13,
  kBlasNotSupported = 15
};
enum BlasCompute { kCompute16F = 64, kCompute64F = 70, kCompute32I = 72 };

/// One operand, stored column by column.
struct Matrix {
  const void* data = nullptr;
  cudaDataType type = CUDA_R_32F;
  int64_t leading = 0;  // elements from column to column
  int64_t stride = 0;   // elements from product to product of a batch
  bool transposed = false;
  const float* scale = nullptr;  // dequantises the operand
  bool scale_by_row = false;     // a scale for each row of A, or column of B
};

/// d = epilogue(alpha * a * b + beta * c), a being m by k.
struct Product {
  std::string function;
  int64_t m = 0, n = 0, k = 0, batch = 1;
  Matrix a, b, c, d;
  double alpha = 1, beta = 0;
  const void* bias = nullptr;
  cudaDataType bias_type = CUDA_R_32F;
  bool gelu = false;
  const void* workspace = nullptr;  // of the caller's; the product needs it when it runs
};

/// A scale factor in host memory, of the type that goes with a way of computing.
double factor(const void* value, cudaDataType type);
cudaDataType factor_type(int compute);

/// Shapes in the node's name are those of row-major tensors, as libtorch uses cuBLAS: M rows of D
/// in memory, N in a row.
BlasStatus enqueue_product(cudaStream_t stream, const Product& product);

}  // namespace fake_cuda
