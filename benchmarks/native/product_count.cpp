#include "product_count.h"

#include <memory>
#include <string_view>

#include "base/torch.h"

namespace allaprima::benchmarks {

namespace {

thread_local int64_t counted = 0;

/// What an operator costs for each element of its result.
struct Cost : at::ObserverContext {
  explicit Cost(int64_t operations) : per_element(operations) {}
  int64_t per_element;
};

// libtorch takes plain functions only. The inputs are there before an operator runs, the outputs
// after it.
std::unique_ptr<at::ObserverContext> before(const at::RecordFunction& call) {
  const std::string_view name = call.name();
  if (name == "aten::linear" || name == "aten::conv2d") {
    const Tensor weight = call.inputs()[1].toTensor();
    return std::make_unique<Cost>(2 * weight.numel() / weight.size(0));
  }
  if (name == "aten::scaled_dot_product_attention") {
    const Tensor keys = call.inputs()[1].toTensor();  // [B, N, S, H]
    return std::make_unique<Cost>(4 * keys.size(-2));
  }
  return nullptr;
}

void after(const at::RecordFunction& call, at::ObserverContext* context) {
  if (const auto* cost = static_cast<const Cost*>(context)) {
    counted += cost->per_element * call.outputs().at(0).toTensor().numel();
  }
}

}  // namespace

ProductCount::ProductCount()
    : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(before, after)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}))) {
  counted = 0;
}

ProductCount::~ProductCount() { at::removeCallback(handle_); }

int64_t ProductCount::operations() const { return counted; }

}  // namespace allaprima::benchmarks
