// libcublasLt.so: descriptors keep what was set, every product that the real library takes has one
// algorithm, and the product is a node.
#include <algorithm>
#include <cstring>
#include <map>

#include "product.h"

namespace {

using fake_cuda::Matrix;
using fake_cuda::Product;
using namespace fake_cuda;

// Attributes of cublasLtMatrixLayout_t and cublasLtMatmulDesc_t that a product reads.
enum LayoutAttribute { kLayoutOrder = 1, kLayoutBatchCount = 5, kLayoutBatchOffset = 6 };
enum ProductAttribute {
  kPointerMode = 2,
  kTransposeA = 3,
  kTransposeB = 4,
  kEpilogue = 7,
  kBias = 8,
  kScaleA = 17,
  kScaleB = 18,
  kBiasType = 26,
  kScaleModeA = 31,
  kScaleModeB = 32
};
enum Epilogue { kEpilogueBias = 4, kEpilogueGelu = 32 };
constexpr int kScaleOuterVector = 3;
constexpr int kPointersOnHost = 0;

class Attributes {
 public:
  void set(int attribute, const void* value, size_t bytes) {
    auto& kept = values_[attribute];
    kept.assign(static_cast<const char*>(value), static_cast<const char*>(value) + bytes);
  }
  template <class T>
  T get(int attribute, T otherwise = {}) const {
    const auto found = values_.find(attribute);
    if (found == values_.end()) return otherwise;
    T value{};
    std::memcpy(&value, found->second.data(), std::min(sizeof value, found->second.size()));
    return value;
  }

 private:
  std::map<int, std::vector<char>> values_;
};

struct Layout {
  cudaDataType type;
  int64_t rows, columns, leading;
  Attributes attributes;
};
struct Description {
  int compute;
  cudaDataType scale_type;
  Attributes attributes;
};
struct Heuristic {  // cublasLtMatmulHeuristicResult_t
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

Matrix matrix(const void* data, const Layout& layout) {
  Matrix result;
  result.data = data;
  result.type = layout.type;
  result.leading = layout.leading;
  result.stride = layout.attributes.get<int64_t>(kLayoutBatchOffset);
  return result;
}

Product product_of(const Description& given, const Layout& a, const Layout& b, const Layout& d) {
  Product product;
  product.function = "cublasLtMatmul";
  product.a = matrix(nullptr, a);
  product.b = matrix(nullptr, b);
  product.d = matrix(nullptr, d);
  const Attributes& set = given.attributes;
  product.a.transposed = set.get<int>(kTransposeA) != 0;
  product.b.transposed = set.get<int>(kTransposeB) != 0;
  product.a.scale = set.get<const float*>(kScaleA);
  product.b.scale = set.get<const float*>(kScaleB);
  product.a.scale_by_row = set.get<int>(kScaleModeA) == kScaleOuterVector;
  product.b.scale_by_row = set.get<int>(kScaleModeB) == kScaleOuterVector;
  product.m = d.rows;
  product.n = d.columns;
  product.k = product.a.transposed ? a.rows : a.columns;
  product.batch = d.attributes.get<int>(kLayoutBatchCount, 1);
  const int epilogue = set.get<int>(kEpilogue, 1);
  if (epilogue & kEpilogueBias) product.bias = set.get<const void*>(kBias);
  product.bias_type = set.get<cudaDataType>(kBiasType, d.type);
  product.gelu = (epilogue & kEpilogueGelu) != 0;
  return product;
}

/// The real library's rules for small types, as far as documented; others have none.
bool is_supported(const Product& product, const Layout& a, const Layout& b) {
  const int64_t b_rows = product.b.transposed ? b.columns : b.rows;
  if (product.k != b_rows || a.attributes.get<int>(kLayoutOrder) != 0) return false;
  if (a.type == CUDA_R_8F_E4M3 || a.type == CUDA_R_8F_E5M2) {
    return product.a.transposed && !product.b.transposed && product.m % 16 == 0 &&
           product.k % 16 == 0;
  }
  return a.type != CUDA_R_8I || (a.leading % 4 == 0 && b.leading % 4 == 0);
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() { return 130100; }

int cublasLtMatmulDescCreate(Description** result, int compute, cudaDataType scale_type) {
  *result = new Description{compute, scale_type, {}};
  return kBlasSuccess;
}
int cublasLtMatmulDescDestroy(Description* description) {
  delete description;
  return kBlasSuccess;
}
int cublasLtMatmulDescSetAttribute(Description* description, int attribute, const void* value,
                                   size_t bytes) {
  description->attributes.set(attribute, value, bytes);
  return kBlasSuccess;
}

int cublasLtMatrixLayoutCreate(Layout** result, cudaDataType type, uint64_t rows, uint64_t columns,
                               int64_t leading) {
  *result = new Layout{type, int64_t(rows), int64_t(columns), leading, {}};
  return kBlasSuccess;
}
int cublasLtMatrixLayoutDestroy(Layout* layout) {
  delete layout;
  return kBlasSuccess;
}
int cublasLtMatrixLayoutSetAttribute(Layout* layout, int attribute, const void* value,
                                     size_t bytes) {
  layout->attributes.set(attribute, value, bytes);
  return kBlasSuccess;
}

int cublasLtMatmulPreferenceCreate(Attributes** result) {
  *result = new Attributes;
  return kBlasSuccess;
}
int cublasLtMatmulPreferenceDestroy(Attributes* preference) {
  delete preference;
  return kBlasSuccess;
}
int cublasLtMatmulPreferenceSetAttribute(Attributes* preference, int attribute, const void* value,
                                         size_t bytes) {
  preference->set(attribute, value, bytes);
  return kBlasSuccess;
}

int cublasLtMatmulAlgoGetHeuristic(void*, const Description* given, const Layout* a,
                                   const Layout* b, const Layout*, const Layout* d,
                                   const Attributes*, int, Heuristic* results, int* count) {
  *count = 0;
  if (!is_supported(product_of(*given, *a, *b, *d), *a, *b)) return kBlasNotSupported;
  results[0] = {};
  *count = 1;
  return kBlasSuccess;
}

int cublasLtMatmul(void*, const Description* given, const void* alpha, const void* a_data,
                   const Layout* a, const void* b_data, const Layout* b, const void* beta,
                   const void* c_data, const Layout* c, void* d_data, const Layout* d, const void*,
                   void* workspace, size_t, cudaStream_t stream) {
  Product product = product_of(*given, *a, *b, *d);
  if (!is_supported(product, *a, *b)) return kBlasNotSupported;
  if (given->attributes.get<int>(kPointerMode) != kPointersOnHost) return kBlasNotSupported;
  product.workspace = workspace;
  product.a.data = a_data;
  product.b.data = b_data;
  product.c = matrix(c_data, *c);
  product.d.data = d_data;
  product.alpha = factor(alpha, given->scale_type);
  product.beta = factor(beta, given->scale_type);
  return enqueue_product(stream, product);
}

}  // extern "C"
