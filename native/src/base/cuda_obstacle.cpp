#include "base/cuda_obstacle.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include "base/torch.h"

namespace allaprima {
namespace {

std::string error_of_driver() {
  void* driver = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return ::dlerror();
  ::dlclose(driver);
  return "";
}

std::string error_of_runtime() {
  try {
    at::detail::getCUDAHooks().init();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

CudaFindings find_cuda() {
  CudaFindings findings;
  findings.libtorch_has_cuda = at::detail::getCUDAHooks().hasCUDART();
  if (!findings.libtorch_has_cuda) return findings;
  findings.driver_error = error_of_driver();
  if (findings.driver_error.empty()) findings.runtime_error = error_of_runtime();
  return findings;
}

std::string obstacle(const CudaFindings& findings) {
  if (!findings.libtorch_has_cuda) return "this libtorch was built without CUDA";
  if (!findings.driver_error.empty()) {
    return "the NVIDIA driver's library does not load (" + findings.driver_error +
           "): install the driver, or give this container access to it";
  }
  if (!findings.runtime_error.empty()) {
    return "the NVIDIA driver's library loads, but CUDA does not start: " +
           first_line(findings.runtime_error);
  }
  return "";
}

}  // namespace allaprima
