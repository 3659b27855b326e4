// One step of a UNet with random weights, timed: what the network costs, without a checkpoint.
// Prints one line of JSON. Its peer in plain PyTorch is benchmarks/gpu/plain_unet.py.
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/clock.h"
#include "base/device.h"
#include "base/error.h"
#include "kernels/attention.h"
#include "kernels/onednn.h"
#include "networks/unet.h"
#include "networks/vae_decoder.h"
#include "op_profile.h"
#include "runtime/cpu_threads.h"
#include "runtime/engine.h"
#include "runtime/system_info.h"
#include "step_options.h"
#include "transforms/fuse_qkv.h"
#include "transforms/int8_dynamic.h"
#include "transforms/pack.h"
#include "transforms/swap_conv1x1.h"

namespace allaprima::benchmarks {
namespace {

constexpr int64_t kTextTokens = 77;
constexpr double kTimestep = 501;

/// Fills every tensor on the device, so that values keep their size from layer to layer.
class RandomWeights : public nn::Visitor {
 public:
  explicit RandomWeights(const Placement& placement)
      : options_(at::TensorOptions(placement.dtype).device(placement.device)) {}

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
    parameters += tensor.numel();
  }

 private:
  at::TensorOptions options_;
};

class Benchmark {
 public:
  explicit Benchmark(const Options& options)
      : options_(options),
        placement_(choose_placement(options.device, 0, options.precision)),
        unet_(networks::UNetConfig::read(options.config)),
        vae_(networks::VaeConfig::read(options.config.parent_path() / "vae")) {}

  Json measure() {
    const Stopwatch filling;
    at::manual_seed(options_.seed);
    RandomWeights weights(placement_);
    unet_.visit(weights);
    const int64_t parameters = weights.parameters;
    vae_.visit(weights);  // so that transforms find what they look for; it does not run
    make_inputs();
    synchronize();
    const double fill_seconds = filling.seconds();
    const Stopwatch changing;
    const Json plan = transform();
    const double transform_seconds = changing.seconds();

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
            {"parameters", parameters},
            {"plan", plan},
            {"transform_s", transform_seconds},
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
            {"output_rms", output.square().mean().sqrt().item<double>()},
            {"profile", options_.profile ? profile() : Json()}};
  }

 private:
  void make_inputs() {
    const auto& c = unet_.config();
    const auto like = at::TensorOptions(placement_.dtype).device(placement_.device);
    const auto fp32 = like.dtype(at::kFloat);
    x_ = at::randn({options_.batch, c.in_channels, options_.latent, options_.latent}, like);
    if (options_.channels_last || options_.compile)
      x_ = x_.contiguous(at::MemoryFormat::ChannelsLast);
    const auto side = static_cast<float>(8 * options_.latent);
    const Tensor sizes = at::tensor({side, side, 0.0f, 0.0f, side, side}, at::kFloat);
    condition_ = {at::randn({options_.batch, kTextTokens, c.text_width}, like),
                  at::randn({options_.batch, c.pooled_width(6)}, like),
                  sizes.to(placement_.device).expand({options_.batch, 6})};
    timesteps_ = at::full({1}, kTimestep, fp32);
  }

  /// As runtime/pipeline_transforms.cpp does it, in its order. Name of each and layers changed.
  Json transform() {
    const transforms::Networks networks{unet_, vae_};
    Json plan = Json::array();
    const auto add = [&](const transforms::PlanEntry& e) {
      plan.push_back({{"transform", e.name}, {"changed", e.changed}, {"detail", e.detail}});
    };
    if (options_.math) ops_.attention = kernels::math_attention;
    if (options_.fuse_qkv) add(transforms::fuse_qkv(networks));
    if (!options_.int8_layers.empty()) {
      add(transforms::int8_dynamic(networks, int8_layers(networks),
                                   kernels::Int8Scheme::kTutorial));
    }
    if (options_.channels_last || options_.compile) add(transforms::channels_last(networks));
    if (options_.compile) {
      add(transforms::swap_all_conv1x1(networks));
      if (placement_.device.is_cpu()) {
        add(transforms::pack(networks,
                             {options_.batch, options_.latent, options_.latent, kTextTokens}));
      }
    }
    return plan;
  }

  std::vector<std::string> int8_layers(const transforms::Networks& networks) const {
    std::vector<std::string> names;
    if (options_.int8_layers == "all") {
      for (const auto& layer : transforms::list_layers(networks)) {
        if (layer.kind == transforms::LayerKind::kLinear) names.push_back(layer.name);
      }
      return names;
    }
    std::ifstream file(options_.int8_layers);
    check(file.good(), Code::kIo, options_.int8_layers, ": cannot be read");
    for (std::string line; std::getline(file, line);) names.push_back(line);
    return names;
  }

  /// One step, operator by operator, and what this machine can do, from the same minute.
  Json profile() {
    if (!placement_.device.is_cpu()) {  // so that the host is ahead
      for (int i = 0; i < 3; ++i) output_ = take_step();
    }
    OpProfile listening(placement_.device);
    output_ = take_step();
    const double wall = listening.finish();
    Json operators = Json::object();
    for (const auto& [name, row] : listening.rows()) {
      operators[name] = {{"calls", row.calls},
                         {"ms", 1000 * row.seconds},
                         {"gflop", static_cast<double>(row.operations) / 1e9},
                         {"mb", static_cast<double>(row.bytes) / 1e6}};
    }
    return {{"step_ms", 1000 * wall},
            {"dispatched", listening.dispatched()},
            {"operators", operators},
            {"ceilings", ceilings()}};
  }

  Json ceilings() const {
    const bool cpu = placement_.device.is_cpu();
    const int64_t rows = cpu ? 1024 : 8192, in = cpu ? 1280 : 8192, out = cpu ? 2560 : 8192;
    const int64_t copied = cpu ? int64_t{64} << 20 : int64_t{1} << 30;
    const double gflop = 2e-9 * static_cast<double>(rows * in * out);
    const auto like = at::TensorOptions(placement_.device);
    const auto best = [&](auto work) {
      const auto taken = rounds(15, work);
      return *std::min_element(taken.begin(), taken.end()) / 1000;
    };
    const auto product = [&](at::ScalarType dtype) {
      const Tensor x = at::randn({rows, in}, like).to(dtype);
      const Tensor w = at::randn({out, in}, like).to(dtype);
      const bool packs = cpu && kernels::can_pack(dtype);
      const Tensor packed = packs ? kernels::pack_linear(w) : w;
      return gflop /
             best([&] { packs ? kernels::packed_linear(x, packed, Tensor()) : at::linear(x, w); });
    };
    const Tensor a = at::randint(-127, 127, {rows, in}, like.dtype(at::kChar)),
                 b = at::randint(-127, 127, {out, in}, like.dtype(at::kChar)).t();
    const Tensor from = at::ones({copied}, like), to = at::empty_like(from);
    return {{"fp32_gflop_per_s", product(at::kFloat)},
            {"bf16_gflop_per_s", product(at::kBFloat16)},
            {"int8_gflop_per_s", gflop / best([&] { at::_int_mm(a, b); })},
            {"memory_gb_per_s",
             2e-9 * static_cast<double>(from.nbytes()) / best([&] { Tensor(to).copy_(from); })}};
  }

  nn::Forward context() const { return {ops_, stop_}; }
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
    const OpProfile products;
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
  networks::VaeDecoder vae_;
  kernels::Ops ops_ = kernels::plain_ops();
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
  const benchmarks::Options options = benchmarks::parse_options(count, values);
  try {
    runtime::Engine& engine = runtime::Engine::get();
    const Json line = engine.run([&] {
      const runtime::CpuThreads threads(options.threads);
      return benchmarks::Benchmark(options).measure();
    });
    std::printf("%s\n", line.dump().c_str());
    return 0;
  } catch (const c10::Error& failure) {
    std::fprintf(stderr, "error: %s\n", failure.what_without_backtrace());
    return 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "error: %s\n", failure.what());
    return 1;
  }
}
