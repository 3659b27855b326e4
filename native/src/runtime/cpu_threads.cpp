#include "runtime/cpu_threads.h"

#include <ATen/Parallel.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

namespace allaprima::runtime {

namespace {

bool chosen = false;  // touched on the engine thread only

/// CPU time per second that a container grants, rounded up; a large number when it sets no limit.
int granted_by_container() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 1 << 20;
  return std::max(1, static_cast<int>(std::ceil(std::strtod(quota.c_str(), nullptr) / period)));
}

/// libtorch counts all cores of the machine, also those that this process may not run on.
int usable_cpus() {
  cpu_set_t set;
  const bool known = ::sched_getaffinity(0, sizeof set, &set) == 0;
  const int allowed = known ? CPU_COUNT(&set) : 1 << 20;
  return std::min({at::get_num_threads(), allowed, granted_by_container()});
}

}  // namespace

CpuThreads::CpuThreads(int count) : before_(at::get_num_threads()), applied_(!chosen) {
  if (applied_) at::set_num_threads(count > 0 ? count : usable_cpus());
}

CpuThreads::~CpuThreads() {
  if (applied_ && !chosen) at::set_num_threads(before_);
}

void CpuThreads::keep() { chosen = true; }

}  // namespace allaprima::runtime
