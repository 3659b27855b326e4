// allaprima-smoke: one generation through the C API, each stage timed and held against the golden
// values in the model's folder. Ends in PASS, or in the first stage that differs, exit code 1.
// With --timed, plain generations for benchmarks: timed.h.
#include <allaprima.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "golden.h"
#include "io/safetensors.h"
#include "timed.h"

namespace {

using Json = nlohmann::json;

/// What golden values were made for; wider ones are said in their own metadata.
constexpr double kTolerance = 1e-5;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void require(allaprima_status status, const std::string& stage) {
  if (status == ALLAPRIMA_OK) return;
  char message[8192];
  size_t size = 0;
  allaprima_last_error(message, sizeof message, &size);
  throw Failure(stage + ": " +
                (size <= sizeof message ? std::string(message, size) : "(long text)"));
}

template <class Read>
Json read_json(Read read, const char* stage) {
  size_t size = 0;
  read(nullptr, 0, &size);
  std::string text(size, ' ');
  require(read(text.data(), text.size(), &size), stage);
  return Json::parse(text);
}

const std::map<std::string, int32_t> kDevices = {{"auto", ALLAPRIMA_DEVICE_AUTO},
                                                 {"cpu", ALLAPRIMA_DEVICE_CPU},
                                                 {"cuda", ALLAPRIMA_DEVICE_CUDA}};

struct Arguments {
  std::string model = "models/emoji";
  int32_t device = ALLAPRIMA_DEVICE_CPU;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i], value = i + 1 < count ? values[i + 1] : "";
    if (name == "--model" && !value.empty()) {
      arguments.model = value;
    } else if (name == "--device" && kDevices.contains(value)) {
      arguments.device = kDevices.at(value);
    } else {
      std::fprintf(stderr,
                   "use: allaprima-smoke [--model DIR] [--device cpu|cuda|auto]\n"
                   "     allaprima-smoke --timed DIR STEPS SEED THREADS [cuda] [bf16] [compile]\n");
      std::exit(2);
    }
    ++i;
  }
  return arguments;
}

class Smoke {
 public:
  explicit Smoke(const Arguments& arguments)
      : arguments_(arguments), golden_(smoke::Golden::read(arguments.model)) {
    tolerance_ = golden_ ? golden_->number("tolerance", kTolerance) : 0;
  }
  ~Smoke() {
    allaprima_run_close(run_);
    allaprima_pipeline_close(pipeline_);
    std::remove(noise_file_.c_str());
  }

  void go() {
    describe();
    timed("load", [this] { load(); });
    timed("begin", [this] { begin(); });
    timed("encode", [this] { require(allaprima_run_encode(run_), "encode"); });
    for (const char* stage : {"token_ids", "token_ids_2"}) compare(stage, "tokenizer", 0);
    compare("hidden_states", "text_encoder", tolerance_);
    for (const char* stage : {"hidden_states_2", "pooled"}) {
      compare(stage, "text_encoder_2", tolerance_);
    }
    timed("first step", [this] { require(allaprima_run_step(run_), "unet"); });
    compare("noise_pred", "unet", tolerance_);
    timed("other steps", [this] {
      for (int32_t i = 1; i < allaprima_run_total_steps(run_); ++i) {
        require(allaprima_run_step(run_), "unet");
      }
    });
    timed("decode", [this] { decode(); });
    compare("latents", "unet", tolerance_);
    compare("image", "vae", tolerance_);
    check_files();
  }

 private:
  void describe() {
    const Json info = read_json(allaprima_system_info, "library");
    std::printf("allaprima %s (%s), libtorch %s, CPU capability %s, %d threads\n",
                info["version"].get<std::string>().c_str(),
                info["commit"].get<std::string>().c_str(),
                info["libtorch"].get<std::string>().c_str(),
                info["cpu_capability"].get<std::string>().c_str(), info["threads"].get<int>());
  }

  void load() {
    allaprima_pipeline_options options{};
    options.struct_size = sizeof options;
    options.model = arguments_.model.data();
    options.model_size = arguments_.model.size();
    options.device = arguments_.device;
    options.precision = ALLAPRIMA_PRECISION_FP32;
    require(allaprima_pipeline_open(&options, &pipeline_), "load");
    const Json info = read_json(
        [this](char* buffer, size_t capacity, size_t* size) {
          return allaprima_pipeline_info(pipeline_, buffer, capacity, size);
        },
        "load");
    const std::string device = info["device"];
    // On a GPU sums run in another order, and convolutions in TF32: golden_test.cpp has the
    // figures.
    if (device != "cpu") tolerance_ = std::max(tolerance_, 4e-3);
    std::printf("model %s on %s (%s), %s, %s\n", arguments_.model.c_str(), device.c_str(),
                info["device_reason"].get<std::string>().c_str(),
                info["precision"].get<std::string>().c_str(),
                golden_ ? "held against golden values"
                        : "no golden.safetensors there: finiteness and ranges are checked");
  }

  void begin() {
    const std::string prompt = golden_ ? golden_->text("prompt", "") : "a red apple";
    std::string negative;
    allaprima_request request{};
    request.struct_size = sizeof request;
    request.prompt = prompt.data();
    request.prompt_size = prompt.size();
    request.steps = 4;
    request.images = 1;
    request.guidance = 5;
    request.keep_stages = 1;
    if (golden_) {
      if (golden_->metadata.contains("negative_prompt")) {
        negative = golden_->text("negative_prompt", "");
        request.negative_prompt = negative.c_str();  // not NULL, even when empty
        request.negative_prompt_size = negative.size();
      }
      request.width = static_cast<int32_t>(golden_->number("width", 0));
      request.height = static_cast<int32_t>(golden_->number("height", 0));
      request.steps = static_cast<int32_t>(golden_->number("steps", 4));
      request.images = static_cast<int32_t>(golden_->number("images", 1));
      request.guidance = golden_->number("guidance", 5);
      write_noise();
      request.latents = noise_file_.data();
      request.latents_size = noise_file_.size();
    }
    require(allaprima_run_begin(pipeline_, &request, &run_), "begin");
  }

  /// The golden file names its noise otherwise than a request's file does.
  void write_noise() {
    const allaprima::SafetensorsFile file(std::filesystem::path(arguments_.model) /
                                          "golden.safetensors");
    const auto& noise = file.tensors().at("noise");
    noise_file_ = (std::filesystem::temp_directory_path() /
                   ("allaprima-smoke-" + std::to_string(::getpid()) + ".safetensors"))
                      .string();
    allaprima::write_safetensors(noise_file_, {{"latents", noise.dtype, noise.shape, noise.data}},
                                 {});
  }

  void decode() {
    int32_t width = 0, height = 0, images = 0;
    require(allaprima_run_size(run_, &width, &height, &images), "vae");
    std::vector<uint8_t> rgb(static_cast<size_t>(width) * static_cast<size_t>(height) *
                             static_cast<size_t>(images) * 3);
    require(allaprima_run_finish(run_, rgb.data(), rgb.size()), "vae");
  }

  std::vector<float> stage(const char* name) {
    int64_t shape[4];
    int32_t rank = 0;
    require(allaprima_run_read(run_, name, nullptr, 0, shape, &rank), name);
    size_t count = 1;
    for (int32_t i = 0; i < rank; ++i) count *= static_cast<size_t>(shape[i]);
    std::vector<float> values(count);
    require(allaprima_run_read(run_, name, values.data(), count, shape, &rank), name);
    return values;
  }

  /// Without golden values: every number finite, and of the size that such a stage has.
  static void check_range(const std::vector<float>& values, const std::string& name,
                          const std::string& component) {
    double least = values[0], most = values[0], squares = 0;
    for (float value : values) {
      if (!std::isfinite(value)) throw Failure(component + ": " + name + " is not finite");
      least = std::min<double>(least, value);
      most = std::max<double>(most, value);
      squares += static_cast<double>(value) * value;
    }
    const double size = std::sqrt(squares / static_cast<double>(values.size()));
    std::printf("  %-16s %-16s from %.3g to %.3g, root mean square %.3g\n", component.c_str(),
                name.c_str(), least, most, size);
    const bool ids = name.starts_with("token_ids"), picture = name == "image";
    const bool sound = ids       ? least >= 0
                       : picture ? least >= 0 && most <= 1
                                 : size > 1e-4 && size < 1e4;
    if (!sound || least == most) throw Failure(component + ": " + name + " is out of range");
  }

  /// Throws with the component's name when the stage differs.
  void compare(const char* name, const char* component, double tolerance) {
    const std::vector<float> ours = stage(name);
    if (!golden_) return check_range(ours, name, component);
    const auto theirs = golden_->values.find(name);
    if (theirs == golden_->values.end()) throw Failure(std::string("golden values lack ") + name);
    const double distance = smoke::relative_distance(ours, theirs->second);
    std::printf("  %-16s %-16s distance %.1e, at most %.0e\n", component, name, distance,
                tolerance);
    if (!(distance <= tolerance)) {
      char text[128];
      std::snprintf(text, sizeof text, "%s: %s differs by %.1e, at most %.0e is allowed", component,
                    name, distance, tolerance);
      throw Failure(text);
    }
  }

  /// The last bit of one weight is below every tolerance; a checksum is not.
  void check_files() {
    const std::string prefix = "crc32:";
    size_t checked = 0;
    if (!golden_) return;
    for (const auto& [key, expected] : golden_->metadata) {
      if (!key.starts_with(prefix)) continue;
      const std::string component = key.substr(prefix.size());
      const std::string stem =
          component.starts_with("text_encoder") ? "model" : "diffusion_pytorch_model";
      const auto path =
          std::filesystem::path(arguments_.model) / component / (stem + ".safetensors");
      if (smoke::file_checksum(path) != expected) {
        throw Failure(component + ": " + path.string() +
                      " is not the file that the golden values were made with");
      }
      ++checked;
    }
    std::printf("  %zu weights files as they were when the golden values were made\n", checked);
  }

  template <class Work>
  void timed(const char* name, Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    std::printf("%-12s %8.1f ms\n", name, taken.count());
  }

  Arguments arguments_;
  std::optional<smoke::Golden> golden_;
  double tolerance_ = 0;
  std::string noise_file_;
  allaprima_pipeline* pipeline_ = nullptr;
  allaprima_run* run_ = nullptr;
};

}  // namespace

int main(int count, char** values) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (count > 1 && std::string(values[1]) == "--timed") {
    return smoke::timed_generations({values + 2, values + count});
  }
  const Arguments arguments = parse(count, values);
  try {
    Smoke(arguments).go();
    std::printf("PASS\n");
    return 0;
  } catch (const std::exception& failure) {
    std::printf("FAIL %s\n", failure.what());
    return 1;
  }
}
