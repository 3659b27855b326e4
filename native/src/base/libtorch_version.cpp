#include "base/libtorch_version.h"

#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include "base/error.h"

namespace allaprima {

namespace {

std::string minor_of(const std::string& version) {
  return version.substr(0, version.find('.', version.find('.') + 1));
}

}  // namespace

std::string header_libtorch_version() { return TORCH_VERSION; }

std::string loaded_libtorch_version() {
  // libtorch has no function for its version; its configuration text names it.
  const std::string config = at::show_config(), key = "TORCH_VERSION=";
  const size_t start = config.find(key);
  if (start == std::string::npos) return "unknown";
  const size_t end = config.find_first_of(", \n", start);
  return config.substr(start + key.size(), end - start - key.size());
}

void check_libtorch_fits(const std::string& built, const std::string& loaded) {
  check(loaded == "unknown" || minor_of(built) == minor_of(loaded), Code::kUnavailable, "libtorch ",
        loaded, " was loaded, this library was built for ", built,
        "; both must be of one minor version");
}

void check_libtorch_version() {
  check_libtorch_fits(header_libtorch_version(), loaded_libtorch_version());
}

}  // namespace allaprima
