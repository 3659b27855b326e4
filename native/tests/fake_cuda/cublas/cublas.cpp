// libcublas.so: handles, and the products that libtorch asks for.
#include "../cublas_lt/product.h"
#include "../cudart/runtime.h"

namespace {

using namespace fake_cuda;

struct Handle {
  cudaStream_t stream = nullptr;
  int math_mode = 0;
  int pointer_mode = 0;
  const void* workspace = nullptr;
};

struct Operand {
  const void* data;
  cudaDataType type;
  int leading;
  long long stride;
};

Matrix matrix(const Operand& operand, int transposed) {
  Matrix result;
  result.data = operand.data;
  result.type = operand.type;
  result.leading = operand.leading;
  result.stride = operand.stride;
  result.transposed = transposed != 0;
  return result;
}

struct Shape {
  int transpose_a, transpose_b, m, n, k, batch;
};

int multiply(Handle* handle, const char* function, const Shape& shape, const void* alpha,
             const Operand& a, const Operand& b, const void* beta, const Operand& c, int compute) {
  if (!handle) return kBlasNotInitialized;
  if (handle->pointer_mode != 0) return kBlasNotSupported;
  Product product;
  product.function = function;
  product.workspace = handle->workspace;
  product.m = shape.m;
  product.n = shape.n;
  product.k = shape.k;
  product.batch = shape.batch;
  product.a = matrix(a, shape.transpose_a);
  product.b = matrix(b, shape.transpose_b);
  product.c = product.d = matrix(c, 0);
  product.alpha = factor(alpha, factor_type(compute));
  product.beta = factor(beta, factor_type(compute));
  return enqueue_product(handle->stream, product);
}

constexpr int kCompute32F = 68;

}  // namespace

extern "C" {

int cublasCreate_v2(Handle** result) {
  Lock lock;
  *result = nullptr;
  if (refuse_unsafe_call()) return kBlasNotInitialized;  // it allocates
  *result = new Handle;
  return kBlasSuccess;
}
int cublasDestroy_v2(Handle* handle) {
  delete handle;
  return kBlasSuccess;
}

int cublasSetStream_v2(Handle* handle, cudaStream_t stream) {
  handle->stream = stream;
  return kBlasSuccess;
}
int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t) {
  handle->workspace = workspace;
  return kBlasSuccess;
}
int cublasSetSmCountTarget(Handle*, int) { return kBlasSuccess; }
int cublasSetMathMode(Handle* handle, int mode) {
  handle->math_mode = mode;
  return kBlasSuccess;
}
int cublasGetMathMode(Handle* handle, int* mode) {
  *mode = handle->math_mode;
  return kBlasSuccess;
}
int cublasSetPointerMode_v2(Handle* handle, int mode) {
  handle->pointer_mode = mode;
  return kBlasSuccess;
}
int cublasGetPointerMode_v2(Handle* handle, int* mode) {
  *mode = handle->pointer_mode;
  return kBlasSuccess;
}

int cublasGemmEx(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k,
                 const void* alpha, const void* a, cudaDataType a_type, int lda, const void* b,
                 cudaDataType b_type, int ldb, const void* beta, void* c, cudaDataType c_type,
                 int ldc, int compute, int) {
  return multiply(handle, "cublasGemmEx", {transpose_a, transpose_b, m, n, k, 1}, alpha,
                  {a, a_type, lda, 0}, {b, b_type, ldb, 0}, beta, {c, c_type, ldc, 0}, compute);
}

int cublasGemmStridedBatchedEx(Handle* handle, int transpose_a, int transpose_b, int m, int n,
                               int k, const void* alpha, const void* a, cudaDataType a_type,
                               int lda, long long stride_a, const void* b, cudaDataType b_type,
                               int ldb, long long stride_b, const void* beta, void* c,
                               cudaDataType c_type, int ldc, long long stride_c, int batch,
                               int compute, int) {
  return multiply(handle, "cublasGemmStridedBatchedEx", {transpose_a, transpose_b, m, n, k, batch},
                  alpha, {a, a_type, lda, stride_a}, {b, b_type, ldb, stride_b}, beta,
                  {c, c_type, ldc, stride_c}, compute);
}

int cublasSgemm_v2(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k,
                   const float* alpha, const float* a, int lda, const float* b, int ldb,
                   const float* beta, float* c, int ldc) {
  return multiply(handle, "cublasSgemm", {transpose_a, transpose_b, m, n, k, 1}, alpha,
                  {a, CUDA_R_32F, lda, 0}, {b, CUDA_R_32F, ldb, 0}, beta, {c, CUDA_R_32F, ldc, 0},
                  kCompute32F);
}

int cublasSgemmStridedBatched(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k,
                              const float* alpha, const float* a, int lda, long long stride_a,
                              const float* b, int ldb, long long stride_b, const float* beta,
                              float* c, int ldc, long long stride_c, int batch) {
  return multiply(handle, "cublasSgemmStridedBatched", {transpose_a, transpose_b, m, n, k, batch},
                  alpha, {a, CUDA_R_32F, lda, stride_a}, {b, CUDA_R_32F, ldb, stride_b}, beta,
                  {c, CUDA_R_32F, ldc, stride_c}, kCompute32F);
}

int cublasSgemmEx(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k,
                  const float* alpha, const void* a, cudaDataType a_type, int lda, const void* b,
                  cudaDataType b_type, int ldb, const float* beta, void* c, cudaDataType c_type,
                  int ldc) {
  return multiply(handle, "cublasSgemmEx", {transpose_a, transpose_b, m, n, k, 1}, alpha,
                  {a, a_type, lda, 0}, {b, b_type, ldb, 0}, beta, {c, c_type, ldc, 0}, kCompute32F);
}

}  // extern "C"
