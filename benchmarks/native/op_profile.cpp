#include "op_profile.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <memory>
#include <string_view>

#include "base/torch.h"

namespace allaprima::benchmarks {

namespace {

/// What a stream of the device has done until an event.
using Mark = std::shared_ptr<c10::Event>;

struct Timed {
  std::string name;
  Mark begin, end;
};

struct State {
  std::map<std::string, OpRow> rows;
  int64_t depth = 0, dispatched = 0;
  at::Device device = at::kCPU;
  Mark begin;
  std::vector<Timed> timed;
};
thread_local State state;

/// Nothing on a CPU.
Mark mark() {
  if (state.device.is_cpu()) return nullptr;
  auto event = std::make_shared<c10::Event>(state.device.type(), c10::EventFlag::BACKEND_DEFAULT);
  event->record(c10::impl::VirtualGuardImpl(state.device.type()).getStream(state.device));
  return event;
}

struct Call : at::ObserverContext {
  bool ours = false;  // called by us
  bool product = false;
  std::string name;
  int64_t per_element = 0;  // operations for each number of the result
  int64_t bytes = 0;
  Stopwatch watch;
  Mark begin;
};

int64_t bytes_of(const c10::IValue& value) {
  int64_t bytes = 0;
  if (value.isTensor() && value.toTensor().defined()) {
    const Tensor& x = value.toTensor();
    bytes = x.numel() * static_cast<int64_t>(x.itemsize());
  } else if (value.isTensorList()) {
    for (const Tensor& x : value.toTensorVector()) bytes += bytes_of(x);
  }
  return bytes;
}

/// Views cost nothing: counting their bytes would make the rest look slow.
bool is_view(std::string_view name) {
  for (const char* view : {"aten::chunk", "aten::flatten", "aten::unflatten", "aten::permute",
                           "aten::transpose", "aten::t", "aten::view", "aten::select",
                           "aten::slice", "aten::unsqueeze", "aten::squeeze"}) {
    if (name == view) return true;
  }
  return false;
}

void find_cost(const at::RecordFunction& call, Call& found) {
  const auto inputs = call.inputs();
  const std::string_view name = call.name();
  if (is_view(name)) return;
  for (const auto& input : inputs) found.bytes += bytes_of(input);
  if (name == "aten::linear" || name == "aten::conv2d" || name == "mkldnn::_linear_pointwise" ||
      name == "mkldnn::_convolution_pointwise") {
    const Tensor weight = inputs[1].toTensor();
    found.per_element = 2 * weight.numel() / weight.size(0);
  } else if (name == "aten::_int_mm" || name == "aten::_scaled_mm") {
    found.per_element = 2 * inputs[0].toTensor().size(1);
  } else if (name.find("scaled_dot_product_") != std::string_view::npos) {  // on a GPU, its ways
    found.per_element = 4 * inputs[1].toTensor().size(-2);                  // keys [B, N, S, H]
  }
  if (found.per_element > 0) {
    found.name += std::string(" ") + at::toString(inputs[0].toTensor().scalar_type());
  }
}

// libtorch takes plain functions only. The inputs are there before an operator runs, the outputs
// after it.
std::unique_ptr<at::ObserverContext> before(const at::RecordFunction& call) {
  auto found = std::make_unique<Call>();
  state.dispatched += 1;
  if (state.depth++ > 0) return found;
  found->ours = true;
  found->name = call.name();
  find_cost(call, *found);
  found->begin = mark();
  found->watch = Stopwatch();
  return found;
}

void after(const at::RecordFunction& call, at::ObserverContext* context) {
  const auto* found = static_cast<const Call*>(context);
  state.depth -= 1;
  if (!found->ours) return;
  OpRow& row = state.rows[found->name];
  if (found->begin) {
    state.timed.push_back({found->name, found->begin, mark()});
  } else {
    row.seconds += found->watch.seconds();
  }
  row.calls += 1;
  row.bytes += found->bytes;
  for (const auto& output : call.outputs()) {
    if (!is_view(call.name())) row.bytes += bytes_of(output);
  }
  // Attention's others are what its gradient needs.
  if (found->per_element > 0) {
    row.operations += found->per_element * call.outputs().front().toTensor().numel();
  }
}

}  // namespace

OpProfile::OpProfile(at::Device device)
    : handle_(at::addThreadLocalCallback(
          at::RecordFunctionCallback(before, after)
              .needsInputs(true)
              .needsOutputs(true)
              .scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE}))) {
  state = {};
  state.device = device;
  state.begin = mark();
}

OpProfile::~OpProfile() { stop(); }

void OpProfile::stop() {
  if (handle_) at::removeCallback(*handle_);
  handle_.reset();
}

double OpProfile::finish() {
  stop();
  const Mark end = mark();
  if (!end) return watch_.seconds();
  end->synchronize();
  for (const Timed& timed : state.timed) {
    state.rows[timed.name].seconds += timed.begin->elapsedTime(*timed.end) / 1000;
  }
  state.timed.clear();
  return state.begin->elapsedTime(*end) / 1000;
}

const std::map<std::string, OpRow>& OpProfile::rows() const { return state.rows; }

int64_t OpProfile::operations() const {
  int64_t sum = 0;
  for (const auto& [name, row] : state.rows) sum += row.operations;
  return sum;
}

int64_t OpProfile::dispatched() const { return state.dispatched; }

}  // namespace allaprima::benchmarks
