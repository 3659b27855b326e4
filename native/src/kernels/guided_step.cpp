#include "kernels/guided_step.h"

namespace allaprima::kernels {

Tensor guide(const Tensor& prediction, double scale) {
  const auto halves = prediction.to(at::kFloat).chunk(2, 0);
  return halves[0] + (halves[1] - halves[0]) * scale;
}

Tensor update_latent(const Tensor& latent, const Tensor& prediction, const UpdateFactors& factors) {
  return latent * factors.latent + prediction.to(at::kFloat) * factors.prediction;
}

}  // namespace allaprima::kernels
