#include "runtime/graph.h"

namespace allaprima::runtime {

GraphMemory::GraphMemory(at::Device device) : device_(device) {}
GraphMemory::~GraphMemory() = default;
int64_t GraphMemory::bytes() const { return 0; }

bool can_record(at::Device device) { return device.is_cpu(); }

std::unique_ptr<Graph> capture(const std::shared_ptr<GraphMemory>&, const std::function<void()>&) {
  fail_without_graphs();
}

void release_unused_memory(at::Device) {}

}  // namespace allaprima::runtime
