// Readable names for kernels: `vectorized_elementwise_kernel<GeluCUDAKernelImpl(BFloat16)>` for
// what fills a screen when demangled. What is left out are namespaces, parameters, and those
// template arguments that say how a kernel walks over its elements rather than what it does with
// them.
#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <set>
#include <string_view>

#include "../fake_cuda.h"

namespace fake_cuda {
namespace {

/// Splits where `separator` stands outside of all brackets.
std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    depth += (c == '<' || c == '(' || c == '{') - (c == '>' || c == ')' || c == '}');
    if (depth == 0 && text.substr(i, separator.size()) == separator) {
      parts.emplace_back();
      i += separator.size() - 1;
    } else if (c != ' ' || !parts.back().empty()) {
      parts.back() += c;
    }
  }
  return parts;
}

/// What stands between an opening bracket and its closing one; empty if there is none.
std::string inside(const std::string& text, char open, char close) {
  const size_t from = text.find(open);
  if (from == std::string::npos) return "";
  int depth = 0;
  for (size_t i = from; i < text.size(); ++i) {
    depth += (text[i] == open) - (text[i] == close);
    if (depth == 0) return text.substr(from + 1, i - from - 1);
  }
  return "";
}

std::string without_parameters(const std::string& text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += (text[i] == '<') - (text[i] == '>');
    if (text[i] == '(' && depth == 0) return text.substr(0, i);
  }
  return text;
}

bool says_how(const std::string& argument) {
  static const std::set<std::string> kIndexTypes = {"int", "long", "unsigned int", "unsigned long"};
  static const std::regex kWalk(
      "^(std::array|TrivialOffsetCalculator|OffsetCalculator|at::native::memory::|&|\\(|-?[0-9])."
      "*");
  return kIndexTypes.count(argument) > 0 || std::regex_match(argument, kWalk);
}

std::string shorten(const std::string& text);

std::string join(const std::vector<std::string>& arguments, bool all) {
  std::string result;
  std::set<std::string> seen;
  for (const std::string& argument : arguments) {
    if (argument.empty() || argument == "true" || argument == "false") continue;
    if (!all && says_how(argument)) continue;
    const std::string shown = shorten(argument);
    if (!all && !seen.insert(shown).second) continue;
    result += (result.empty() ? "" : ", ") + shown;
  }
  return result;
}

std::string with_arguments(const std::string& component) {
  const std::string name = component.substr(0, component.find_first_of("<("));
  const std::string arguments = inside(without_parameters(component), '<', '>');
  const bool all = name.find("traits") != std::string::npos;
  const std::string shown = join(split(arguments, ","), all);
  return shown.empty() ? name : name + "<" + shown + ">";
}

/// A lambda is known by the function it stands in, and by its parameters' types.
std::string lambda(const std::vector<std::string>& components, size_t first) {
  const std::string& function = components[first - 1];
  if (function.starts_with("gpu_kernel_impl")) {
    return join(split(inside(function, '<', '>'), ","), false);
  }
  const std::string types = join(split(inside(components.back(), '(', ')'), ","), false);
  const std::string name = with_arguments(function);
  return types.empty() ? name : name + "(" + types + ")";
}

std::string shorten(const std::string& text) {
  std::vector<std::string> components = split(text, "::");
  for (size_t i = 1; i < components.size(); ++i) {
    if (components[i].starts_with("{lambda")) return lambda(components, i);
  }
  return with_arguments(components.back());
}

}  // namespace

std::string short_kernel_name(const std::string& mangled) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  if (!demangled) return mangled;
  std::string text = demangled;
  std::free(demangled);
  for (const std::string noise : {"(anonymous namespace)::", "void "}) {
    for (size_t at; (at = text.find(noise)) != std::string::npos;) text.erase(at, noise.size());
  }
  return shorten(text);
}

}  // namespace fake_cuda
