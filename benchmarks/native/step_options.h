// The command line of unet_step.
#pragma once

#include <filesystem>

#include "base/device.h"

namespace allaprima::benchmarks {

struct Options {
  std::filesystem::path config = "models/configs/sdxl-base-1.0/unet";  // a folder
  DeviceChoice device = DeviceChoice::kCpu;
  PrecisionChoice precision = PrecisionChoice::kBf16;
  int64_t batch = 2, latent = 128;  // side of the latents
  int64_t warmup = 3, rounds = 20;
  int threads = 0;  // 0: one per core
  uint64_t seed = 0;
  bool channels_last = false, math = false, fuse_qkv = false, compile = false, profile = false;
  std::string int8_layers;  // a file of names, one a line; "all"; "": none
};

/// Ends the process with exit code 2 on what it does not know.
Options parse_options(int count, char** values);

}  // namespace allaprima::benchmarks
