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
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

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
  /// What the network needs of the text, and of `count` steps from `first` on.
  void prepare(int64_t first, int64_t count);
  void eager_step(int64_t step);
  void compiled_step(int64_t step);
  /// The latents as they are; a run that was in the recorded step takes them out of it.
  void take_latents();
  StepInput step_input() const {
    return {text_, times_, table_, request_.guidance, request_.guidance_rescale};
  }
  StepShape step_shape() const;
  /// Throw kNotFinite for a stage that was not: truth values on the CPU, of the context and the
  /// pooled text, of steps from `first` on, of a picture.
  void check_text(const Tensor& finite) const;
  void check_steps(const Tensor& finite, int64_t first) const;
  void check_decoded(const Tensor& finite) const;
  void receive(const std::vector<Tensor>& flags) const;
  bool on_cpu() const { return pipeline_.placement().device.is_cpu(); }
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
  Tensor latents_;                          // [images, C, h, w] fp32, scaled for the sampler
  Tensor finite_;                           // [steps] bool, of the latents after each step
  std::shared_ptr<RecordedStep> recorded_;  // of a compiled pipeline; holds the latents meanwhile
  std::optional<Encoded> encoded_;
  std::vector<Tensor> finite_text_;  // of the context and of the pooled text
  networks::PreparedText text_;
  networks::PreparedTimes times_;
  Tensor image_;  // [images, 3, height, width] fp32 in 0 to 1, after finish
  std::map<std::string, Tensor> stages_;
  std::atomic<int64_t> completed_{0};

  double prepare_seconds_ = 0, encode_seconds_ = 0, decode_seconds_ = 0, total_seconds_ = 0;
  std::vector<double> step_seconds_;
};

}  // namespace allaprima::runtime
