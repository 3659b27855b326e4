#include "runtime/graph.h"

#include "base/error.h"

namespace allaprima::runtime {

namespace {

class RepeatedWork final : public Graph {
 public:
  explicit RepeatedWork(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

}  // namespace

void fail_without_graphs() {
  fail(Code::kUnavailable,
       "compile on CUDA needs the build of this library with CUDA (classifier linux-x86_64-gpu), "
       "and this one is without; use that, or leave compile out (build instead of compile)");
}

std::unique_ptr<Graph> record(const std::shared_ptr<GraphMemory>& memory,
                              std::function<void()> work) {
  if (memory->device().is_cpu()) return std::make_unique<RepeatedWork>(std::move(work));
  return capture(memory, work);
}

}  // namespace allaprima::runtime
