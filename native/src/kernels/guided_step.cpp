#include "kernels/guided_step.h"

namespace allaprima::kernels {

Tensor guide(const Tensor& prediction, const Guidance& guidance) {
  const auto halves = prediction.to(at::kFloat).chunk(2, 0);
  const Tensor guided = halves[0] + (halves[1] - halves[0]) * guidance.scale;
  if (guidance.rescale == 0) return guided;
  const auto deviation = [](const Tensor& x) {
    return x.std({1, 2, 3}, /*unbiased=*/true, /*keepdim=*/true);
  };
  const Tensor rescaled = guided * (deviation(halves[1]) / deviation(guided));
  return rescaled * guidance.rescale + guided * (1 - guidance.rescale);
}

Tensor update_latent(const Tensor& latent, const Tensor& prediction, const UpdateFactors& factors) {
  return latent * factors.latent + prediction.to(at::kFloat) * factors.prediction;
}

}  // namespace allaprima::kernels
