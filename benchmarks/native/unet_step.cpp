// One step of a UNet with random weights, timed: what the network costs, without a checkpoint.
// Prints one line of JSON. Its peer in plain PyTorch is benchmarks/gpu/plain_unet.py.
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/clock.h"
#include "base/device.h"
#include "base/error.h"
#include "networks/unet.h"
#include "product_count.h"
#include "runtime/engine.h"
#include "runtime/system_info.h"

namespace allaprima::benchmarks {
namespace {

constexpr int64_t kTextTokens = 77;
constexpr double kTimestep = 501;

struct Options {
  std::filesystem::path config = "models/configs/sdxl-base-1.0/unet";  // a folder
  DeviceChoice device = DeviceChoice::kCpu;
  PrecisionChoice precision = PrecisionChoice::kBf16;
  int64_t batch = 2, latent = 128;  // side of the latents
  int64_t warmup = 3, rounds = 20;
  int threads = 0;  // 0: one per core
  uint64_t seed = 0;
  bool channels_last = false;
};

[[noreturn]] void show_use() {
  std::fprintf(
      stderr,
      "use: unet_step [--config FOLDER] [--device cpu|cuda] [--dtype fp32|bf16] [--batch N]"
      " [--latent SIDE] [--warmup N] [--rounds N] [--threads N] [--seed N]"
      " [--channels-last]\n");
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

Options parse(int count, char** values) {
  Options o;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    if (name == "--channels-last") {
      o.channels_last = true;
      continue;
    }
    if (++i == count) show_use();
    const std::string value = values[i];
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
    } else {
      show_use();
    }
  }
  return o;
}

/// Fills every tensor on the device, so that values keep their size from layer to layer.
class RandomWeights : public nn::Visitor {
 public:
  RandomWeights(const Placement& placement, bool channels_last)
      : options_(at::TensorOptions(placement.dtype).device(placement.device)),
        channels_last_(channels_last) {}

  int64_t parameters = 0;

 protected:
  void on_tensor(const std::string& path, Tensor& tensor, at::IntArrayRef shape) override {
    tensor = at::empty(shape, options_);
    if (shape.size() > 1) {
      const auto inputs = static_cast<double>(tensor.numel() / shape[0]);
      tensor.normal_(0, 1 / std::sqrt(inputs));
    } else {
      const bool scale = path.find("norm") != std::string::npos && path.ends_with("weight");
      tensor.normal_(scale ? 1 : 0, 0.1);
    }
    if (channels_last_ && shape.size() == 4) {
      tensor = tensor.contiguous(at::MemoryFormat::ChannelsLast);
    }
    parameters += tensor.numel();
  }

 private:
  at::TensorOptions options_;
  bool channels_last_;
};

class Benchmark {
 public:
  explicit Benchmark(const Options& options)
      : options_(options),
        placement_(choose_placement(options.device, 0, options.precision)),
        unet_(networks::UNetConfig::read(options.config)) {}

  Json measure() {
    const Stopwatch filling;
    at::manual_seed(options_.seed);
    RandomWeights weights(placement_, options_.channels_last);
    unet_.visit(weights);
    make_inputs();
    synchronize();
    const double fill_seconds = filling.seconds();

    const double first = rounds(1, [&] { forward(); }).front();
    const Json tflop = count();
    rounds(std::max<int64_t>(0, options_.warmup - 2), [&] { forward(); });
    const auto whole = rounds(options_.rounds, [&] { forward(); });
    const auto text = rounds(options_.rounds, [&] { prepare_text(); });
    const auto times = rounds(options_.rounds, [&] { prepare_times(); });
    const auto step = rounds(options_.rounds, [&] { output_ = take_step(); });
    const Tensor output = output_.to(at::kFloat);
    check(at::isfinite(output).all().item<bool>(), Code::kNotFinite,
          "the result holds values that are not finite");

    const Json system = runtime::system_info();
    return {{"program", "unet_step"},
            {"libtorch", system["libtorch"]},
            {"device", device_name(placement_.device)},
            {"dtype", precision_name(placement_.dtype)},
            {"latents", x_.sizes().vec()},
            {"channels_last", options_.channels_last},
            {"threads", at::get_num_threads()},
            {"rounds", options_.rounds},
            {"parameters", weights.parameters},
            {"fill_s", fill_seconds},
            {"first_forward_ms", first},
            {"forward_ms", summary(whole)},
            {"forward_tflop", tflop["forward"]},
            {"forward_gflop_per_s", rate(tflop["forward"], whole)},
            {"prepare_text_ms", summary(text)},
            {"prepare_times_ms", summary(times)},
            {"step_ms", summary(step)},
            {"step_tflop", tflop["step"]},
            {"step_gflop_per_s", rate(tflop["step"], step)},
            {"peak_device_bytes", peak_device_bytes()},
            {"peak_resident_bytes", peak_resident_bytes()},
            {"output_rms", output.square().mean().sqrt().item<double>()}};
  }

 private:
  void make_inputs() {
    const auto& c = unet_.config();
    const auto like = at::TensorOptions(placement_.dtype).device(placement_.device);
    const auto fp32 = like.dtype(at::kFloat);
    x_ = at::randn({options_.batch, c.in_channels, options_.latent, options_.latent}, like);
    if (options_.channels_last) x_ = x_.contiguous(at::MemoryFormat::ChannelsLast);
    const auto side = static_cast<float>(8 * options_.latent);
    const Tensor sizes = at::tensor({side, side, 0.0f, 0.0f, side, side}, at::kFloat);
    condition_ = {at::randn({options_.batch, kTextTokens, c.text_width}, like),
                  at::randn({options_.batch, c.pooled_width(6)}, like),
                  sizes.to(placement_.device).expand({options_.batch, 6})};
    timesteps_ = at::full({1}, kTimestep, fp32);
  }

  nn::Forward context() const { return {kernels::plain_ops(), stop_}; }
  void prepare_text() { text_ = unet_.prepare(context(), condition_); }
  void prepare_times() { times_ = unet_.prepare(context(), text_, timesteps_); }
  Tensor take_step() const { return unet_.step(context(), x_, {text_, times_, 0}); }
  /// What an eager pipeline does in each of its steps, and diffusers' forward.
  void forward() {
    prepare_text();
    prepare_times();
    output_ = take_step();
  }

  /// Operations of a whole forward pass and of its last part.
  Json count() {
    const ProductCount products;
    prepare_text();
    prepare_times();
    const int64_t before = products.operations();
    output_ = take_step();
    const auto all = static_cast<double>(products.operations());
    return {{"forward", all / 1e12}, {"step", (all - static_cast<double>(before)) / 1e12}};
  }

  void synchronize() const {
    if (placement_.device.is_cpu()) return;
    c10::impl::VirtualGuardImpl(placement_.device.type())
        .synchronizeDevice(placement_.device.index());
  }

  /// Milliseconds of each round; the device is idle before and after.
  template <class Work>
  std::vector<double> rounds(int64_t count, Work work) const {
    std::vector<double> taken;
    for (int64_t i = 0; i < count; ++i) {
      const Stopwatch watch;
      work();
      synchronize();
      taken.push_back(1000 * watch.seconds());
    }
    return taken;
  }

  static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
  }

  static Json summary(const std::vector<double>& values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    return {{"median", median(values)}, {"min", *least}, {"max", *most}};
  }

  static double rate(double tflop, const std::vector<double>& taken) {
    return 1e6 * tflop / median(taken);
  }

  Json peak_device_bytes() const {
    if (placement_.device.is_cpu()) return nullptr;
    const auto stats = c10::getDeviceAllocator(placement_.device.type())
                           ->getDeviceStats(placement_.device.index());
    return stats.allocated_bytes.front().peak;  // the first sums over small and large blocks
  }

  static int64_t peak_resident_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return int64_t{1024} * usage.ru_maxrss;
  }

  Options options_;
  Placement placement_;
  networks::UNet unet_;
  StopFlag stop_;
  Tensor x_, timesteps_, output_;
  networks::TextCondition condition_;
  networks::PreparedText text_;
  networks::PreparedTimes times_;
};

}  // namespace
}  // namespace allaprima::benchmarks

int main(int count, char** values) {
  using namespace allaprima;
  const benchmarks::Options options = benchmarks::parse(count, values);
  try {
    runtime::Engine& engine = runtime::Engine::get();
    engine.use_threads(options.threads);
    const Json line = engine.run([&] { return benchmarks::Benchmark(options).measure(); });
    std::printf("%s\n", line.dump().c_str());
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "error: %s\n", failure.what());
    return 1;
  }
}
