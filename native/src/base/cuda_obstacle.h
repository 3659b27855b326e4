// Why no CUDA device can be used, in one sentence that says what is missing.
#pragma once

#include <string>

namespace allaprima {

/// What was found out; each text is empty when there was nothing to complain of.
struct CudaFindings {
  bool libtorch_has_cuda = false;
  std::string driver_error;   // of loading libcuda.so.1, the driver's library
  std::string runtime_error;  // of libtorch, asked to start CUDA
};

/// Looks for it. Where CUDA works this starts it.
CudaFindings find_cuda();

/// Empty when nothing stands in the way.
std::string obstacle(const CudaFindings& findings);

}  // namespace allaprima
