#include "kernels/pinned_attention.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <limits>
#include <map>
#include <mutex>
#include <tuple>

#include "base/error.h"

namespace allaprima::kernels {

namespace {

constexpr int kRounds = 5;
/// One that comes later in the table must be faster by more than such a measurement spreads.
constexpr double kWorthIt = 0.97;

struct Call {
  const Tensor &q, &k, &v;
  bool causal;
};

struct Backend {
  const char* name;
  bool (*can)(const Call& call);
  Tensor (*run)(const Call& call);
};

bool is_half(const Call& c) { return c.q.scalar_type() != at::kFloat; }
/// What libtorch would have to pad for.
bool is_aligned(const Call& c) { return c.q.size(-1) % 8 == 0; }

const Backend kBackends[] = {
    {"flash", [](const Call& c) { return is_half(c) && is_aligned(c) && c.q.size(-1) <= 256; },
     [](const Call& c) {
       return std::get<0>(at::_scaled_dot_product_flash_attention(c.q, c.k, c.v, 0.0, c.causal));
     }},
    {"cudnn", [](const Call& c) { return is_half(c) && is_aligned(c) && c.q.size(-1) <= 256; },
     [](const Call& c) {
       return std::get<0>(at::_scaled_dot_product_cudnn_attention(
           c.q, c.k, c.v, std::nullopt, /*compute_log_sumexp=*/false, 0.0, c.causal));
     }},
    {"efficient", is_aligned,
     [](const Call& c) {
       return std::get<0>(at::_scaled_dot_product_efficient_attention(
           c.q, c.k, c.v, std::nullopt, /*compute_log_sumexp=*/false, 0.0, c.causal));
     }},
    {"math", [](const Call&) { return true; },
     [](const Call& c) {
       return std::get<0>(
           at::_scaled_dot_product_attention_math(c.q, c.k, c.v, std::nullopt, 0.0, c.causal));
     }},
};

/// Milliseconds of the fastest of some calls; infinity for one that fails.
double time_of(const Backend& backend, const Call& call, std::string& failures) {
  const at::Device device = call.q.device();
  const c10::impl::VirtualGuardImpl guard(device.type());
  const c10::Stream stream = guard.getStream(device);
  double best = std::numeric_limits<double>::infinity();
  try {
    backend.run(call);  // libraries load and plan
    for (int round = 0; round < kRounds; ++round) {
      c10::Event begin(device.type(), c10::EventFlag::BACKEND_DEFAULT);
      c10::Event end(device.type(), c10::EventFlag::BACKEND_DEFAULT);
      begin.record(stream);
      backend.run(call);
      end.record(stream);
      guard.synchronizeStream(stream);
      best = std::min(best, begin.elapsedTime(end));
    }
  } catch (const c10::OutOfMemoryError&) {
    failures += std::string(backend.name) + ": out of memory; ";
  } catch (const c10::Error& error) {
    failures += std::string(backend.name) + ": " + error.what_without_backtrace() + "; ";
  }
  return best;
}

const Backend& fastest(const Call& call) {
  const Backend* chosen = nullptr;
  double best = std::numeric_limits<double>::infinity();
  std::string failures;
  for (const Backend& backend : kBackends) {
    if (!backend.can(call)) continue;
    // Products that hold all scores are for what nothing else can: they may not even fit.
    if (chosen != nullptr && std::string(backend.name) == "math") continue;
    const double time = time_of(backend, call, failures);
    if (time < kWorthIt * best) {
      best = time;
      chosen = &backend;
    }
  }
  check(chosen != nullptr, Code::kUnavailable, "no attention of libtorch's can compute [",
        call.q.size(0), ", ", call.q.size(1), ", ", call.q.size(2), ", ", call.q.size(3),
        "]: ", failures);
  return *chosen;
}

using Key = std::tuple<int, int64_t, int64_t, int64_t, int64_t, int64_t, at::ScalarType, bool>;

struct {
  std::mutex mutex;
  std::map<Key, const Backend*> by_shape;
  std::vector<AttentionChoice> in_order;
} chosen;

}  // namespace

Tensor pinned_attention(const Tensor& q, const Tensor& k, const Tensor& v, bool causal) {
  const Call call{q, k, v, causal};
  const Key key{q.device().index(), q.size(0), q.size(1),       q.size(2),
                k.size(2),          q.size(3), q.scalar_type(), causal};
  const Backend* backend = nullptr;
  {
    const std::lock_guard lock(chosen.mutex);
    const Backend*& found = chosen.by_shape[key];
    if (found == nullptr) {
      found = &fastest(call);
      chosen.in_order.push_back({q.size(0), q.size(1), q.size(2), k.size(2), q.size(3),
                                 q.scalar_type(), causal, found->name});
    }
    backend = found;
  }
  return backend->run(call);
}

std::vector<AttentionChoice> attention_choices() {
  const std::lock_guard lock(chosen.mutex);
  return chosen.in_order;
}

}  // namespace allaprima::kernels
