// How we fail: an Error with a code of the C API and a sentence for the user.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

namespace allaprima {

/// Values equal allaprima_status in allaprima.h.
enum class Code : int32_t {
  kInvalidArgument = 1,
  kInvalidModel = 2,
  kUnavailable = 3,
  kOutOfMemory = 4,
  kCancelled = 5,
  kIo = 6,
  kNotFinite = 7,
  kBufferTooSmall = 8,
  kInternal = 9,
};

/// The message says what was found, what was expected and what to do.
class Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Code code() const { return code_; }

 private:
  Code code_;
};

/// The parts written one after another.
template <class... Parts>
std::string message_of(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  return message.str();
}

/// Throws Error with the parts as its message.
template <class... Parts>
[[noreturn]] void fail(Code code, const Parts&... parts) {
  throw Error(code, message_of(parts...));
}

template <class... Parts>
void check(bool ok, Code code, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(code, parts...);
}

}  // namespace allaprima
