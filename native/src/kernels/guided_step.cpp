#include "kernels/guided_step.h"

#include "base/shape.h"
#include "kernels/cpu_rows.h"

namespace allaprima::kernels {

Tensor guide(const Tensor& prediction, const Guidance& guidance) {
  const auto halves = prediction.to(at::kFloat).chunk(2, 0);
  const Tensor guided = halves[0] + (halves[1] - halves[0]) * guidance.scale;
  if (guidance.rescale == 0) return guided;
  return rescale_guided(guided, halves[1], at::scalar_tensor(guidance.rescale, at::kDouble));
}

Tensor rescale_guided(const Tensor& guided, const Tensor& conditional, const Tensor& rescale) {
  const auto deviation = [](const Tensor& x) {
    return x.std({1, 2, 3}, /*unbiased=*/true, /*keepdim=*/true);
  };
  const Tensor rescaled = guided * (deviation(conditional) / deviation(guided));
  return rescaled * rescale + guided * (1 - rescale);
}

Tensor update_latent(const Tensor& latent, const Tensor& prediction, const UpdateFactors& factors) {
  return latent * factors.latent + prediction.to(at::kFloat) * factors.prediction;
}

void guided_update_(const Tensor& latent, const Tensor& prediction, double scale,
                    const UpdateFactors& factors) {
  const bool guided = prediction.size(0) != latent.size(0);
  check_shape(prediction,
              {latent.size(0) * (guided ? 2 : 1), latent.size(1), latent.size(2), latent.size(3)},
              "prediction");
  const Tensor rows =
      (element_of(prediction) ? prediction : prediction.to(at::kFloat)).contiguous();
  const auto* values = static_cast<const char*>(rows.const_data_ptr());
  const int64_t count = latent.numel();
  const cpu::GuidedUpdate update{static_cast<float>(scale), static_cast<float>(factors.latent),
                                 static_cast<float>(factors.prediction)};
  cpu::row_kernels().guided_update(*element_of(rows), values,
                                   guided ? values + count * rows.element_size() : nullptr, count,
                                   update, latent.data_ptr<float>());
}

}  // namespace allaprima::kernels
