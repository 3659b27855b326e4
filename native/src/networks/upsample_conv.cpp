#include "networks/upsample_conv.h"

#include <algorithm>
#include <vector>

namespace allaprima::networks {

namespace {

Tensor doubled(const Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

/// Rows of `x` in a band, of which each becomes two of the result.
int64_t rows_of_band(const nn::ConvShape& shape, const Tensor& x, double most_work) {
  const double row = 2.0 * static_cast<double>(shape.in * shape.out * shape.kernel * shape.kernel) *
                     static_cast<double>(4 * x.size(0) * x.size(3));
  return std::max<int64_t>(1, static_cast<int64_t>(most_work / row));
}

}  // namespace

Tensor upsample_conv(const nn::Forward& f, const nn::Conv2d& conv, const Tensor& x,
                     double most_work) {
  const int64_t rows = x.size(2), band = rows_of_band(conv.shape(), x, most_work);
  if (!x.is_cpu() || band >= rows) {
    f.stop.check();
    return conv.forward(doubled(x));
  }
  std::vector<Tensor> bands;
  for (int64_t first = 0; first < rows; first += band) {
    f.stop.check();
    const int64_t end = std::min(first + band, rows);
    // A row more on each side, where there is one: the kernel reaches over the band's border.
    const int64_t above = std::max<int64_t>(first - 1, 0), below = std::min(end + 1, rows);
    const Tensor wide = conv.forward(doubled(x.narrow(2, above, below - above)));
    bands.push_back(wide.narrow(2, 2 * (first - above), 2 * (end - first)));
  }
  return at::cat(bands, 2);
}

}  // namespace allaprima::networks
