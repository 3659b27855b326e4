// Device memory on the fake runtime: how much there is, what comes back, what is never touched.
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "torch_on_fake.h"

namespace allaprima::cuda {
namespace {

using Memory = OnFakeCuda;
constexpr int64_t kMiB = int64_t{1} << 20;

int64_t resident_bytes() {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

TEST_F(Memory, goes_back_to_the_driver_when_the_cache_is_emptied) {
  c10::cuda::CUDACachingAllocator::emptyCache();
  const size_t before = fake_cuda::memory().allocated;
  {
    const Tensor x = empty_on_device({64 * kMiB});
    at::cuda::CUDAGraph graph;
    capture(graph, [&] { x.add(1); });
    EXPECT_GE(fake_cuda::memory().allocated, before + size_t(2 * 128 * kMiB));
    EXPECT_EQ(fake_cuda::live_allocations().empty(), false);
  }
  c10::cuda::CUDACachingAllocator::emptyCache();
  EXPECT_EQ(fake_cuda::memory().allocated, before);
}

/// libtorch forgets the pool of a capture that failed, unless it is the caller's own.
TEST_F(Memory, of_a_capture_that_failed_comes_back_with_its_pool) {
  namespace allocator = c10::cuda::CUDACachingAllocator;
  allocator::emptyCache();
  const size_t before = fake_cuda::memory().allocated;
  {
    const auto pool = at::cuda::graph_pool_handle();
    at::cuda::CUDAGraph graph;
    graph.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
    EXPECT_THROW(empty_on_device({4}).sum().item<float>(), c10::Error);
    EXPECT_THROW(graph.capture_end(), c10::Error);
    cudaGetLastError();
    EXPECT_GT(fake_cuda::memory().allocated, before);
    allocator::releasePool(stream_.device_index(), pool);
  }
  allocator::emptyCache();
  EXPECT_EQ(fake_cuda::memory().allocated, before);
}

TEST_F(Memory, out_of_it_is_libtorchs_own_error) {
  c10::cuda::CUDACachingAllocator::emptyCache();
  fake_cuda::set_memory_limit(fake_cuda::memory().allocated + size_t(100 * kMiB));
  EXPECT_THROW(empty_on_device({200 * kMiB}, at::kChar), c10::OutOfMemoryError);
  EXPECT_NO_THROW(empty_on_device({50 * kMiB}, at::kChar));
  c10::cuda::CUDACachingAllocator::emptyCache();
}

TEST_F(Memory, that_nobody_writes_costs_nothing_even_when_it_is_copied) {
  const int64_t before = resident_bytes();
  const Tensor weights = empty_on_device({5'000 * kMiB}, at::kChar);
  const Tensor copy = weights.clone();
  copy.zero_();
  EXPECT_EQ(fake_cuda::counters().copies_on_device, 1);
  EXPECT_LT(resident_bytes() - before, 64 * kMiB);
}

TEST_F(Memory, keeps_what_was_written_when_it_is_copied_lazily) {
  const Tensor x = empty_on_device({64 * kMiB}, at::kChar);
  const Tensor part = x.slice(0, 31 * kMiB + 17, 31 * kMiB + 20);
  part.copy_(at::tensor({1, 2, 3}, at::kChar));
  const Tensor y = x.clone().slice(0, 31 * kMiB + 16, 31 * kMiB + 21);
  EXPECT_EQ(values_of(y), (std::vector<float>{0, 1, 2, 3, 0}));
}

TEST_F(Memory, that_is_fresh_and_small_holds_no_numbers) {
  c10::cuda::CUDACachingAllocator::emptyCache();
  EXPECT_TRUE(std::isnan(values_of(empty_on_device({8}, at::kFloat))[0]));
}

}  // namespace
}  // namespace allaprima::cuda
