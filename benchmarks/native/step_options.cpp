#include "step_options.h"

#include <cstdio>
#include <cstdlib>
#include <map>

namespace allaprima::benchmarks {

namespace {

[[noreturn]] void show_use() {
  std::fprintf(
      stderr,
      "use: unet_step [--config FOLDER] [--device cpu|cuda] [--dtype fp32|bf16] [--batch N]\n"
      "  [--latent SIDE] [--warmup N] [--rounds N] [--threads N] [--seed N] [--channels-last]\n"
      "  [--math] [--fuse-qkv] [--int8 FILE|all] [--compile] [--profile]\n");
  std::exit(2);
}

int64_t whole_number(const std::string& text, int64_t least) {
  char* end = nullptr;
  const int64_t value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < least) show_use();
  return value;
}

template <class Choice>
Choice choice(const std::string& text, const std::map<std::string, Choice>& choices) {
  const auto found = choices.find(text);
  if (found == choices.end()) show_use();
  return found->second;
}

bool set_flag(const std::string& name, Options& o) {
  const std::map<std::string, bool*> flags{{"--channels-last", &o.channels_last},
                                           {"--math", &o.math},
                                           {"--fuse-qkv", &o.fuse_qkv},
                                           {"--compile", &o.compile},
                                           {"--profile", &o.profile}};
  const auto found = flags.find(name);
  if (found == flags.end()) return false;
  *found->second = true;
  return true;
}

void set_value(const std::string& name, const std::string& value, Options& o) {
  if (name == "--config") {
    o.config = value;
  } else if (name == "--device") {
    o.device =
        choice<DeviceChoice>(value, {{"cpu", DeviceChoice::kCpu}, {"cuda", DeviceChoice::kCuda}});
  } else if (name == "--dtype") {
    o.precision = choice<PrecisionChoice>(
        value, {{"fp32", PrecisionChoice::kFp32}, {"bf16", PrecisionChoice::kBf16}});
  } else if (name == "--batch") {
    o.batch = whole_number(value, 1);
  } else if (name == "--latent") {
    o.latent = whole_number(value, 1);
  } else if (name == "--warmup") {
    o.warmup = whole_number(value, 1);
  } else if (name == "--rounds") {
    o.rounds = whole_number(value, 1);
  } else if (name == "--threads") {
    o.threads = static_cast<int>(whole_number(value, 0));
  } else if (name == "--seed") {
    o.seed = static_cast<uint64_t>(whole_number(value, 0));
  } else if (name == "--int8") {
    o.int8_layers = value;
  } else {
    show_use();
  }
}

}  // namespace

Options parse_options(int count, char** values) {
  Options options;
  for (int i = 1; i < count; ++i) {
    if (set_flag(values[i], options)) continue;
    if (i + 1 == count) show_use();
    set_value(values[i], values[i + 1], options);
    ++i;
  }
  return options;
}

}  // namespace allaprima::benchmarks
