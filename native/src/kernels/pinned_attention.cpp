#include "kernels/pinned_attention.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <limits>
#include <map>
#include <mutex>
#include <tuple>

#include "base/error.h"
#include "base/shape.h"

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
  /// Holds all scores: for what nothing else can, and it may not even fit.
  bool is_last_resort;
  bool (*can)(const Call& call);
  Tensor (*run)(const Call& call);
};

bool is_half(const Call& c) { return c.q.scalar_type() != at::kFloat; }
/// What libtorch would have to pad for.
bool is_aligned(const Call& c) { return c.q.size(-1) % 8 == 0; }

const Backend kBackends[] = {
    {"flash", false,
     [](const Call& c) { return is_half(c) && is_aligned(c) && c.q.size(-1) <= 256; },
     [](const Call& c) {
       return std::get<0>(at::_scaled_dot_product_flash_attention(c.q, c.k, c.v, 0.0, c.causal));
     }},
    {"cudnn", false,
     [](const Call& c) { return is_half(c) && is_aligned(c) && c.q.size(-1) <= 256; },
     [](const Call& c) {
       return std::get<0>(at::_scaled_dot_product_cudnn_attention(
           c.q, c.k, c.v, std::nullopt, /*compute_log_sumexp=*/false, 0.0, c.causal));
     }},
    {"efficient", false, is_aligned,
     [](const Call& c) {
       return std::get<0>(at::_scaled_dot_product_efficient_attention(
           c.q, c.k, c.v, std::nullopt, /*compute_log_sumexp=*/false, 0.0, c.causal));
     }},
    {"math", true, [](const Call&) { return true; },
     [](const Call& c) {
       return std::get<0>(
           at::_scaled_dot_product_attention_math(c.q, c.k, c.v, std::nullopt, 0.0, c.causal));
     }},
};

struct Trial {
  double milliseconds = std::numeric_limits<double>::infinity();  // of the fastest of some calls
  std::string failure;
  bool out_of_memory = false;
};

Trial try_out(const Backend& backend, const Call& call) {
  const at::Device device = call.q.device();
  const c10::impl::VirtualGuardImpl guard(device.type());
  const c10::Stream stream = guard.getStream(device);
  Trial trial;
  try {
    backend.run(call);  // libraries load and plan
    for (int round = 0; round < kRounds; ++round) {
      c10::Event begin(device.type(), c10::EventFlag::BACKEND_DEFAULT);
      c10::Event end(device.type(), c10::EventFlag::BACKEND_DEFAULT);
      begin.record(stream);
      backend.run(call);
      end.record(stream);
      guard.synchronizeStream(stream);
      trial.milliseconds = std::min(trial.milliseconds, begin.elapsedTime(end));
    }
  } catch (const c10::Error& error) {
    trial = {};
    trial.failure = std::string(backend.name) + ": " + error.what_without_backtrace() + "; ";
    trial.out_of_memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr;
  }
  return trial;
}

struct Fastest {
  const Backend* backend;
  bool for_good;  // every one was tried that could be; otherwise another may be better next time
};

Fastest fastest(const Call& call) {
  Fastest best{nullptr, true};
  double milliseconds = std::numeric_limits<double>::infinity();
  std::string failures;
  for (const Backend& backend : kBackends) {
    if (!backend.can(call) || (best.backend != nullptr && backend.is_last_resort)) continue;
    const Trial trial = try_out(backend, call);
    failures += trial.failure;
    if (trial.out_of_memory) best.for_good = false;
    if (trial.milliseconds < kWorthIt * milliseconds) {
      milliseconds = trial.milliseconds;
      best.backend = &backend;
    }
  }
  if (best.backend == nullptr && !best.for_good) C10_THROW_ERROR(OutOfMemoryError, failures);
  check(best.backend != nullptr, Code::kUnavailable, "no attention of libtorch's can compute ",
        shape_text(call.q.sizes()), ": ", failures);
  return best;
}

using Key = std::tuple<int, int64_t, int64_t, int64_t, int64_t, int64_t, at::ScalarType, bool>;

struct {
  std::mutex mutex;
  std::map<Key, const Backend*> by_shape;
  std::vector<AttentionChoice> in_order;
} choices;

}  // namespace

Tensor pinned_attention(const Tensor& q, const Tensor& k, const Tensor& v, bool causal) {
  const Call call{q, k, v, causal};
  const Key key{q.device().index(), q.size(0), q.size(1),       q.size(2),
                k.size(2),          q.size(3), q.scalar_type(), causal};
  const std::lock_guard lock(choices.mutex);
  const auto found = choices.by_shape.find(key);
  if (found != choices.by_shape.end()) return found->second->run(call);
  const Fastest chosen = fastest(call);
  if (chosen.for_good) {
    choices.by_shape.emplace(key, chosen.backend);
    choices.in_order.push_back({q.size(0), q.size(1), q.size(2), k.size(2), q.size(3),
                                q.scalar_type(), causal, chosen.backend->name});
  }
  return chosen.backend->run(call);
}

std::vector<AttentionChoice> attention_choices() {
  const std::lock_guard lock(choices.mutex);
  return choices.in_order;
}

}  // namespace allaprima::kernels
