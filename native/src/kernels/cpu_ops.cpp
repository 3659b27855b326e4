#include <ATen/Parallel.h>
#include <ATen/record_function.h>

#include "kernels/cpu/rows.h"
#include "kernels/ops.h"

namespace allaprima::kernels {

namespace {

constexpr int64_t kElementsATask = 1 << 14;

Tensor geglu(const Tensor& given) {
  const bool known = given.scalar_type() == at::kFloat || given.scalar_type() == at::kBFloat16;
  if (!known || !given.is_cpu()) return plain_ops().geglu(given);
  RECORD_USER_SCOPE("allaprima::geglu");
  const Tensor x = given.contiguous();
  auto shape = x.sizes().vec();
  shape.back() /= 2;
  Tensor result = at::empty(shape, x.options());
  const int64_t width = shape.back(), rows = result.numel() / width;
  const auto type = x.scalar_type() == at::kFloat ? cpu::Element::kFloat : cpu::Element::kBFloat16;
  const auto* source = static_cast<const char*>(x.const_data_ptr());
  auto* target = static_cast<char*>(result.data_ptr());
  const int64_t bytes = width * static_cast<int64_t>(x.itemsize());
  at::parallel_for(0, rows, std::max<int64_t>(1, kElementsATask / width),
                   [&](int64_t first, int64_t last) {
                     cpu::row_kernels().geglu(type, source + first * 2 * bytes, last - first, width,
                                              target + first * bytes);
                   });
  return result;
}

}  // namespace

const Ops& cpu_ops() {
  static const Ops ops = [] {
    Ops fast = plain_ops();
    fast.geglu = geglu;
    return fast;
  }();
  return ops;
}

}  // namespace allaprima::kernels
