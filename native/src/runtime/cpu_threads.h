// How many CPU threads libtorch uses: chosen by the first pipeline that opens, for the process.
#pragma once

namespace allaprima::runtime {

/// On the engine thread, around the opening of a pipeline.
class CpuThreads {
 public:
  /// Applies `count`, or for 0 the CPUs that this process may use, when nothing was chosen yet.
  explicit CpuThreads(int count);
  /// Takes it back, unless `keep` was called.
  ~CpuThreads();
  CpuThreads(const CpuThreads&) = delete;

  void keep();

 private:
  int before_;
  bool applied_;
};

}  // namespace allaprima::runtime
