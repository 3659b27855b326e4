// One generation: prompt to pixels, a step at a time.
#pragma once

#include <atomic>
#include <span>

#include "base/clock.h"
#include "runtime/pipeline.h"
#include "runtime/request.h"
#include "runtime/step_fence.h"

namespace allaprima::runtime {

class Run {
 public:
  /// Checks the request and draws the noise. Throws kInvalidArgument, kInvalidModel, kIo.
  Run(Pipeline& pipeline, Request request);

  void encode();
  void step();
  /// RGB rows from the top, [images, height, width, 3].
  void finish(std::span<uint8_t> rgb);

  void save_latents(const std::filesystem::path& path) const;
  Json report() const;
  /// A kept stage, fp32 on the CPU; throws kInvalidArgument for an unknown or absent one.
  Tensor stage(const std::string& name) const;

  void cancel() { stop_.request(); }
  int64_t completed() const { return completed_.load(std::memory_order_relaxed); }
  const Request& request() const { return request_; }
  int64_t rgb_bytes() const { return request_.images * request_.height * request_.width * 3; }

 private:
  nn::Forward forward() const { return {pipeline_.ops(), stop_}; }
  /// Whether each step has a negative row. A UNet that is told the guidance scale needs none.
  bool guided() const {
    return request_.guidance > 1 && pipeline_.unet().config().guidance_width == 0;
  }
  void keep(const std::string& name, const Tensor& tensor);
  void prepare(int64_t step);
  Tensor predict(int64_t step);
  /// The latents after a step.
  Tensor updated(const Tensor& prediction, const sampling::StepRow& row) const;
  /// One picture [1, 3, height, width], fp32 in 0 to 1, of latents [1, C, h, w].
  Tensor decode(const Tensor& latent) const;
  /// Throws kNotFinite with the first step, from `first`, whose latents were not.
  void check_latents(int64_t first) const;
  /// Throws kCancelled after a cancel, kInvalidArgument after a failure.
  void check_usable() const;
  template <class Work>
  void guarded(Work work);

  Stopwatch since_begin_;
  Pipeline& pipeline_;
  Request request_;
  StopFlag stop_;
  bool failed_ = false;
  StepFence fence_;
  sampling::StepTable table_;
  Tensor latents_;              // [images, C, h, w] fp32, scaled for the sampler
  std::vector<Tensor> finite_;  // of each step, a truth value on the device
  std::optional<Encoded> encoded_;
  networks::PreparedText text_;
  networks::PreparedTimes times_;
  Tensor image_;  // [images, 3, height, width] fp32 in 0 to 1, after finish
  std::map<std::string, Tensor> stages_;
  std::atomic<int64_t> completed_{0};

  double prepare_seconds_ = 0, encode_seconds_ = 0, decode_seconds_ = 0, total_seconds_ = 0;
  std::vector<double> step_seconds_;
};

}  // namespace allaprima::runtime
