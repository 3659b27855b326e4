#include "timed.h"

#include <allaprima.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>

#include "golden.h"

namespace smoke {
namespace {

struct Handles {
  allaprima_pipeline* pipeline = nullptr;
  allaprima_run* run = nullptr;
  ~Handles() {
    allaprima_run_close(run);
    allaprima_pipeline_close(pipeline);
  }
};

bool succeeded(allaprima_status status) {
  if (status == ALLAPRIMA_OK) return true;
  char message[4096] = "";
  size_t size = 0;
  allaprima_last_error(message, sizeof message, &size);
  std::fprintf(stderr, "allaprima-smoke: %s\n", message);
  return false;
}

allaprima_request request_of(int32_t steps, uint64_t seed) {
  static const std::string prompt = "a red apple";
  allaprima_request request{};
  request.struct_size = sizeof request;
  request.prompt = prompt.data();
  request.prompt_size = prompt.size();
  request.steps = steps;
  request.images = 1;
  request.guidance = 3;
  request.seed = seed;
  return request;
}

/// From the request to the bytes.
bool generate(Handles& handles, const allaprima_request& request, std::vector<uint8_t>& rgb) {
  if (!succeeded(allaprima_run_begin(handles.pipeline, &request, &handles.run))) return false;
  for (int32_t i = 0; i < request.steps; ++i) {
    if (!succeeded(allaprima_run_step(handles.run))) return false;
  }
  int32_t width = 0, height = 0, images = 0;
  if (!succeeded(allaprima_run_size(handles.run, &width, &height, &images))) return false;
  rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  const bool finished = succeeded(allaprima_run_finish(handles.run, rgb.data(), rgb.size()));
  allaprima_run_close(handles.run);
  handles.run = nullptr;
  return finished;
}

allaprima_status compile(allaprima_pipeline* pipeline) {
  allaprima_transform transform{};
  transform.struct_size = sizeof transform;
  transform.kind = ALLAPRIMA_TRANSFORM_COMPILE;
  return allaprima_pipeline_transform(pipeline, &transform);
}

bool known_words(const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "cuda" || word == "bf16" || word == "compile";
  });
}

}  // namespace

int timed_generations(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4 || !known_words({arguments.begin() + 4, arguments.end()})) {
    std::fprintf(stderr,
                 "use: allaprima-smoke --timed DIR STEPS SEED THREADS [cuda] [bf16] [compile]\n");
    return 2;
  }
  const auto says = [&](const char* word) {
    return std::find(arguments.begin() + 4, arguments.end(), word) != arguments.end();
  };
  const std::string& model = arguments[0];
  const allaprima_request request = request_of(std::stoi(arguments[1]), std::stoull(arguments[2]));
  allaprima_pipeline_options options{};
  options.struct_size = sizeof options;
  options.model = model.data();
  options.model_size = model.size();
  options.device = says("cuda") ? ALLAPRIMA_DEVICE_CUDA : ALLAPRIMA_DEVICE_CPU;
  options.precision = says("bf16") ? ALLAPRIMA_PRECISION_BF16 : ALLAPRIMA_PRECISION_FP32;
  options.threads = std::stoi(arguments[3]);
  Handles handles;
  if (!succeeded(allaprima_pipeline_open(&options, &handles.pipeline))) return 1;
  if (says("compile") && !succeeded(compile(handles.pipeline))) return 1;
  std::vector<uint8_t> rgb;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    if (!generate(handles, request, rgb)) return 1;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::printf("%.9f %s\n", taken.count(), checksum(std::as_bytes(std::span(rgb))).c_str());
  }
  return 0;
}

}  // namespace smoke
