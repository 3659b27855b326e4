#include "base/live_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <malloc.h>

#include <atomic>

namespace allaprima {

namespace {

std::atomic<int64_t> live{0};

/// What the heap gave, which it knows again when it is freed: nothing is kept for each block.
int64_t held(void* data) { return static_cast<int64_t>(::malloc_usable_size(data)); }

void free_counted(void* data) {
  live.fetch_sub(held(data), std::memory_order_relaxed);
  c10::free_cpu(data);
}

/// libtorch's own allocation, counted.
struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t size) override {
    void* data = c10::alloc_cpu(size);
    live.fetch_add(held(data), std::memory_order_relaxed);
    return {data, data, &free_counted, c10::DeviceType::CPU};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &free_counted; }

  void copy_data(void* to, const void* from, size_t size) const override {
    default_copy_data(to, from, size);
  }
};

}  // namespace

void count_tensor_memory() {
  // Never destroyed: tensors may outlive static destructors.
  static CountingAllocator* const allocator = new CountingAllocator;
  c10::SetCPUAllocator(allocator, /*priority=*/1);
}

int64_t live_tensor_bytes() { return live.load(std::memory_order_relaxed); }

}  // namespace allaprima
