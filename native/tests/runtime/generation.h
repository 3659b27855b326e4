// A whole generation for tests, and how far two results are apart.
#pragma once

#include <cmath>

#include "runtime/run.h"

namespace allaprima::runtime {

/// ‖ours − theirs‖ / ‖theirs‖; infinity for other shapes.
inline double distance(const Tensor& ours, const Tensor& theirs) {
  if (ours.sizes() != theirs.sizes()) return INFINITY;
  const Tensor a = ours.to(at::kDouble), b = theirs.to(at::kDouble);
  const double gap = (a - b).norm().item<double>();
  return gap == 0 ? 0 : gap / b.norm().item<double>();
}

/// Guided, 64 pixels high.
inline Request small_picture(const std::string& prompt, int64_t steps, int64_t width = 64) {
  Request r;
  r.prompt = prompt;
  r.width = width;
  r.height = 64;
  r.steps = steps;
  r.guidance = 5;
  r.seed = 11;
  return r;
}

/// Returns its bytes, RGB.
inline std::vector<uint8_t> generate(Run& run) {
  for (int64_t i = 0; i < run.request().steps; ++i) run.step();
  std::vector<uint8_t> rgb(static_cast<size_t>(run.rgb_bytes()));
  run.finish(rgb);
  return rgb;
}

}  // namespace allaprima::runtime
