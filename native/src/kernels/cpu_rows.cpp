#include "kernels/cpu_rows.h"

#include <ATen/Version.h>

#include <string>

namespace allaprima::kernels {

std::optional<cpu::Element> element_of(const Tensor& x) {
  if (!x.is_cpu()) return std::nullopt;
  if (x.scalar_type() == at::kFloat) return cpu::Element::kFloat;
  if (x.scalar_type() == at::kBFloat16) return cpu::Element::kBFloat16;
  return std::nullopt;
}

}  // namespace allaprima::kernels

namespace allaprima::kernels::cpu {

namespace plain {
extern const RowKernels kernels;
}
namespace avx2 {
extern const RowKernels kernels;
}
namespace avx512 {
extern const RowKernels kernels;
}

const RowKernels& row_kernels() {
  static const RowKernels& chosen = []() -> const RowKernels& {
    const std::string capability = at::get_cpu_capability();
    if (capability.starts_with("AVX512")) return avx512::kernels;
    return capability == "AVX2" ? avx2::kernels : plain::kernels;
  }();
  return chosen;
}

}  // namespace allaprima::kernels::cpu
