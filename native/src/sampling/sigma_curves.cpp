#include "sampling/sigma_curves.h"

#include <cmath>

namespace allaprima::sampling {

namespace {

constexpr double kKarrasExponent = 7;
constexpr double kBetaShape = 0.6;

/// `steps` numbers from first to last, evenly spaced; one step is at the first.
std::vector<double> even(double first, double last, int64_t steps) {
  std::vector<double> values;
  const double gap = steps > 1 ? (last - first) / static_cast<double>(steps - 1) : 0;
  for (int64_t i = 0; i < steps; ++i) values.push_back(first + gap * static_cast<double>(i));
  if (steps > 1) values.back() = last;
  return values;
}

/// I_x(shape, shape) for x up to a half, by its continued fraction (DLMF 8.17.22) from the front.
double incomplete_beta(double x, double shape) {
  constexpr int kMostTerms = 1000;
  constexpr double kPrecision = 1e-16;
  double numerator = 1, denominator = 1 / (1 - x * 2 * shape / (shape + 1)), sum = denominator;
  for (int m = 1; m < kMostTerms; ++m) {
    const double at = shape + 2 * m;
    const double even_term = m * (shape - m) * x / ((at - 1) * at);
    denominator = 1 / (1 + even_term * denominator);
    numerator = 1 + even_term / numerator;
    sum *= denominator * numerator;
    const double odd_term = -(shape + m) * (2 * shape + m) * x / (at * (at + 1));
    denominator = 1 / (1 + odd_term * denominator);
    numerator = 1 + odd_term / numerator;
    const double change = denominator * numerator;
    sum *= change;
    if (std::abs(change - 1) < kPrecision) break;
  }
  const double log_complete = 2 * std::lgamma(shape) - std::lgamma(2 * shape);
  return std::exp(shape * (std::log(x) + std::log1p(-x)) - log_complete) / shape * sum;
}

}  // namespace

std::vector<double> karras_sigmas(SigmaRange range, int64_t steps) {
  const double most = std::pow(range.most, 1 / kKarrasExponent);
  const double least = std::pow(range.least, 1 / kKarrasExponent);
  std::vector<double> sigmas = even(0, 1, steps);
  for (double& sigma : sigmas) sigma = std::pow(most + sigma * (least - most), kKarrasExponent);
  return sigmas;
}

std::vector<double> exponential_sigmas(SigmaRange range, int64_t steps) {
  std::vector<double> sigmas = even(std::log(range.most), std::log(range.least), steps);
  for (double& sigma : sigmas) sigma = std::exp(sigma);
  return sigmas;
}

std::vector<double> beta_sigmas(SigmaRange range, int64_t steps) {
  std::vector<double> sigmas = even(0, 1, steps);
  for (double& sigma : sigmas) {
    const double share = symmetric_beta_quantile(1 - sigma, kBetaShape);
    sigma = range.least + share * (range.most - range.least);
  }
  return sigmas;
}

double symmetric_beta_quantile(double p, double shape) {
  if (p > 0.5) return 1 - symmetric_beta_quantile(1 - p, shape);
  double below = 0, above = 0.5;
  for (int i = 0; i < 100; ++i) {  // halving: the share of I_x is that of x to a power
    const double middle = (below + above) / 2;
    (incomplete_beta(middle, shape) < p ? below : above) = middle;
  }
  return p == 0 ? 0 : above;
}

}  // namespace allaprima::sampling
