// Device memory is host memory, given out lazily: what nobody touches costs nothing, so that a
// whole network may be "loaded". Small blocks are filled with NaN, as fresh memory may hold.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "runtime.h"

namespace fake_cuda {
namespace {

constexpr size_t kH100 = 85'049'409'536;  // what an H100 of 80 GB reports as total
constexpr size_t kFilled = size_t{2} << 20;

enum class Place { device, pinned, registered };
struct Block {
  size_t bytes;
  size_t mapped;
  Place place;
};

struct Blocks {
  std::map<uintptr_t, Block> by_address;
  Memory memory{kH100, 0, 0, 0};
  Blocks() {
    if (const char* given = std::getenv("FAKE_CUDA_MEMORY")) {
      memory.limit = std::strtoull(given, nullptr, 10);
    }
  }
};
Blocks& blocks() {
  static auto* const all = new Blocks;  // outlives every static destructor of libtorch
  return *all;
}

const Block* find(const void* address, uintptr_t* start = nullptr) {
  auto& all = blocks().by_address;
  const auto at = reinterpret_cast<uintptr_t>(address);
  auto after = all.upper_bound(at);
  if (after == all.begin()) return nullptr;
  --after;
  if (at >= after->first + std::max<size_t>(after->second.bytes, 1)) return nullptr;
  if (start) *start = after->first;
  return &after->second;
}

cudaError_t allocate(void** result, size_t bytes, Place place) {
  *result = nullptr;
  if (bytes == 0) return cudaSuccess;
  Memory& memory = blocks().memory;
  const bool device = place == Place::device;
  if (device && bytes > memory.limit - std::min(memory.limit, memory.allocated)) {
    return fail(cudaErrorMemoryAllocation);
  }
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  const size_t mapped = (bytes + page - 1) / page * page;
  void* address = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return fail(cudaErrorMemoryAllocation);
  madvise(address, mapped, MADV_NOHUGEPAGE);
  if (device && bytes <= kFilled) std::memset(address, 0xFF, bytes);
  blocks().by_address[reinterpret_cast<uintptr_t>(address)] = {bytes, mapped, place};
  (device ? memory.allocated : memory.pinned) += bytes;
  memory.peak = std::max(memory.peak, memory.allocated);
  (device ? counts().device_allocations : counts().pinned_allocations) += 1;
  *result = address;
  return cudaSuccess;
}

cudaError_t release(void* address, Place place) {
  if (address == nullptr) return cudaSuccess;
  auto& all = blocks().by_address;
  const auto found = all.find(reinterpret_cast<uintptr_t>(address));
  if (found == all.end() || found->second.place != place) return fail(cudaErrorInvalidValue);
  Memory& memory = blocks().memory;
  (place == Place::device ? memory.allocated : memory.pinned) -= found->second.bytes;
  if (place != Place::registered) munmap(address, found->second.mapped);
  all.erase(found);
  return cudaSuccess;
}

/// Calls `visit(offset, bytes, touched)` for the parts of device memory that are, or are not,
/// there.
template <class Visit>
void for_each_part(const void* start, size_t bytes, Visit visit) {
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(start);
  const uintptr_t first = begin / page * page;
  std::vector<unsigned char> resident((begin + bytes - first + page - 1) / page);
  if (mincore(reinterpret_cast<void*>(first), resident.size() * page, resident.data()) != 0) {
    visit(size_t{0}, bytes, true);
    return;
  }
  for (size_t i = 0; i < resident.size();) {
    size_t j = i;
    while (j < resident.size() && (resident[j] & 1) == (resident[i] & 1)) ++j;
    const uintptr_t from = std::max(begin, first + i * page);
    const uintptr_t to = std::min(begin + bytes, first + j * page);
    visit(size_t(from - begin), size_t(to - from), bool(resident[i] & 1));
    i = j;
  }
}

}  // namespace

bool is_device(const void* address) {
  const Block* block = find(address);
  return block && block->place == Place::device;
}

bool is_pinned(const void* address) {
  const Block* block = find(address);
  return block && block->place != Place::device;
}

void fill_lazily(void* to, int value, size_t bytes) {
  auto* out = static_cast<char*>(to);
  if (value != 0 || bytes < kFilled || !is_device(to)) {
    std::memset(to, value, bytes);
    return;
  }
  for_each_part(to, bytes, [&](size_t offset, size_t part, bool touched) {
    if (touched) std::memset(out + offset, 0, part);
  });
}

void copy_lazily(void* to, const void* from, size_t bytes) {
  if (bytes < kFilled || !is_device(from) || !is_device(to)) {
    std::memmove(to, from, bytes);
    return;
  }
  auto* out = static_cast<char*>(to);
  auto* in = static_cast<const char*>(from);
  for_each_part(from, bytes, [&](size_t offset, size_t part, bool touched) {
    if (touched) {
      std::memmove(out + offset, in + offset, part);
    } else {
      fill_lazily(out + offset, 0, part);
    }
  });
}

Memory memory() {
  Lock lock;
  return blocks().memory;
}

void reset_peak() {
  Lock lock;
  blocks().memory.peak = blocks().memory.allocated;
}

void set_memory_limit(size_t bytes) {
  Lock lock;
  blocks().memory.limit = bytes == 0 ? kH100 : bytes;
}

std::vector<Allocation> live_allocations() {
  Lock lock;
  std::vector<Allocation> result;
  for (const auto& [address, block] : blocks().by_address) {
    result.push_back(
        {reinterpret_cast<const void*>(address), block.bytes, block.place != Place::device});
  }
  return result;
}

}  // namespace fake_cuda

using namespace fake_cuda;

extern "C" {

cudaError_t cudaMalloc(void** result, size_t bytes) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  return allocate(result, bytes, Place::device);
}

cudaError_t cudaFree(void* address) {
  Lock lock;
  if (address == nullptr) return cudaSuccess;
  if (auto refused = refuse_unsafe_call()) return refused;
  return release(address, Place::device);
}

cudaError_t cudaHostAlloc(void** result, size_t bytes, unsigned) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  return allocate(result, bytes, Place::pinned);
}

cudaError_t cudaFreeHost(void* address) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  return release(address, Place::pinned);
}

cudaError_t cudaHostRegister(void* address, size_t bytes, unsigned) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  if (address == nullptr || bytes == 0) return fail(cudaErrorInvalidValue);
  if (find(address)) return fail(cudaErrorHostMemoryAlreadyRegistered);
  blocks().by_address[reinterpret_cast<uintptr_t>(address)] = {bytes, 0, Place::registered};
  blocks().memory.pinned += bytes;
  return cudaSuccess;
}

cudaError_t cudaHostUnregister(void* address) {
  Lock lock;
  if (auto refused = refuse_unsafe_call()) return refused;
  const Block* block = find(address);
  if (!block || block->place != Place::registered) {
    return fail(cudaErrorHostMemoryNotRegistered);
  }
  return release(address, Place::registered);
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const Memory now = memory();
  *total = now.limit;
  *free = now.limit - std::min(now.limit, now.allocated);
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* result, const void* address) {
  Lock lock;
  *result = {};
  const Block* block = find(address);
  result->type = !block                          ? cudaMemoryTypeUnregistered
                 : block->place == Place::device ? cudaMemoryTypeDevice
                                                 : cudaMemoryTypeHost;
  result->device = block ? 0 : -2;  // cudaInvalidDeviceId
  result->devicePointer = block ? const_cast<void*>(address) : nullptr;
  result->hostPointer =
      block && block->place == Place::device ? nullptr : const_cast<void*>(address);
  return cudaSuccess;
}

}  // extern "C"
