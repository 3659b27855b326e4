#include "runtime/engine.h"

#include <c10/core/InferenceMode.h>
#include <dlfcn.h>
#include <pthread.h>

#include "base/error.h"
#include "base/live_memory.h"
#include "base/torch.h"

namespace allaprima::runtime {

namespace {

// libtorch's kernels and oneDNN's code generation need more than a Java thread's 1 MB.
constexpr size_t kStackBytes = 8 << 20;

/// OpenBLAS must not start threads of its own: libtorch calls it inside OpenMP regions, where its
/// pool is at best useless. Libraries with another BLAS have no such function.
void keep_blas_single_threaded() {
  using SetThreads = void (*)(int);
  if (void* found = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<SetThreads>(found)(1);
  }
}

}  // namespace

Engine& Engine::get() {
  // Never destroyed: its thread may outlive static destructors, and a process that exits frees all.
  static Engine* const engine = new Engine;
  return *engine;
}

Engine::Engine() {
  count_tensor_memory();
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attributes, enter, this);
  pthread_attr_destroy(&attributes);
  check(failed == 0, Code::kInternal, "the engine thread could not be started");
}

void* Engine::enter(void* engine) {
  static_cast<Engine*>(engine)->work();
  return nullptr;
}

void Engine::work() {
  pthread_setname_np(pthread_self(), "allaprima");
  keep_blas_single_threaded();
  const c10::InferenceMode inference;
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return !tasks_.empty(); });
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

size_t Engine::waiting() {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

void Engine::enqueue(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  arrived_.notify_one();
}

}  // namespace allaprima::runtime
