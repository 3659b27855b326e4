// Which libtorch we were built for and which one was loaded.
#pragma once

#include <string>

namespace allaprima {

std::string header_libtorch_version();
/// "unknown" when the library does not say.
std::string loaded_libtorch_version();

/// Throws kUnavailable when the two differ in their minor version: its C++ ABI changes with each.
void check_libtorch_fits(const std::string& built, const std::string& loaded);
/// The same for the two above.
void check_libtorch_version();

}  // namespace allaprima
