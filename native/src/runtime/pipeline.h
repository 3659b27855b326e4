// One checkpoint, loaded and ready on one device.
#pragma once

#include <filesystem>
#include <memory>

#include "base/device.h"
#include "networks/load.h"
#include "networks/vae_decoder.h"
#include "runtime/decoded_picture.h"
#include "runtime/generation_defaults.h"
#include "runtime/recordings.h"
#include "runtime/text_conditioning.h"
#include "sampling/euler.h"
#include "transforms/layers.h"
#include "transforms/plan.h"

namespace allaprima::runtime {

struct PipelineOptions {
  std::filesystem::path model;
  DeviceChoice device = DeviceChoice::kAuto;
  int device_index = 0;
  PrecisionChoice precision = PrecisionChoice::kAuto;
  std::string variant = {};  // as in "fp16"; empty: the plain files
};

/// Values equal ALLAPRIMA_TRANSFORM_… in allaprima.h, whose order is another: kTransformOrder.
enum class TransformKind : int32_t {
  kMathAttention = 1,
  kFuseQkv = 2,
  kSwapConv1x1 = 3,
  kInt8Dynamic = 4,
  kChannelsLast = 5,
  kCompile = 6,
  kFp8Dynamic = 7,
};

struct Transform {
  TransformKind kind;
  std::vector<std::string> layers = {};  // of kSwapConv1x1, kInt8Dynamic and kFp8Dynamic
  kernels::Int8Scheme scheme = kernels::Int8Scheme::kTutorial;
};

/// Of the pictures of one run.
struct PictureSize {
  int64_t width = 0, height = 0;  // pixels; 0: the model's own size
  int64_t images = 1;
  bool guided = true;
};

struct Int8Question {
  PictureSize size = {};
  kernels::Int8Scheme scheme = kernels::Int8Scheme::kTutorial;
  bool compiled = false;
};

class Pipeline {
 public:
  /// Loads a diffusers folder; on the engine thread. Throws kInvalidModel, kUnavailable, kIo, and
  /// kInvalidArgument for a variant that is no word.
  static std::unique_ptr<Pipeline> open(const PipelineOptions& options);
  ~Pipeline();

  /// Changes the loaded networks; pictures stay what they were but for what the change says.
  /// kInvalidArgument out of order or for unknown layers, kUnavailable where it cannot be done;
  /// nothing was changed then.
  void transform(const Transform& transform);
  /// Gets ready for a run of this size, where something depends on it.
  void fit(const PictureSize& size);
  /// The layers that a transform can choose from, as allaprima_pipeline_layers returns them.
  Json layers();
  /// As allaprima_pipeline_choose_int8 returns it.
  Json choose_int8(const Int8Question& question);

  /// What allaprima_pipeline_info returns.
  Json info() const;
  enum class Detail { kShort, kLayers };
  Json plan(Detail detail) const;

  /// The folder's last name, as in "stable-diffusion-xl-base-1.0".
  std::string name() const;
  const Placement& placement() const { return placement_; }
  /// What the VAE computes in: fp32 where its fp16 would overflow, else the precision of the rest.
  at::ScalarType vae_dtype() const { return vae_dtype_; }
  /// Not constant: it keeps what it encoded.
  TextConditioning& text() const { return *text_; }
  const networks::UNet& unet() const { return *unet_; }
  const networks::VaeDecoder& vae() const { return *vae_; }
  /// One picture's latents [1, C, h, w] fp32 on the device; enqueued where that is a GPU.
  DecodedPicture decode(const StopFlag& stop, const Tensor& latents);
  /// The recorded step for this shape, of a compiled pipeline.
  std::shared_ptr<RecordedStep> recorded_step(const StepShape& shape, const StepInput& like) {
    return recordings_->step({*unet_, ops_, placement_.dtype, memory_format()}, shape, like);
  }
  /// Null where the pipeline is not compiled.
  const Recordings* recordings() const { return recordings_.get(); }
  const sampling::SchedulerConfig& scheduler() const { return scheduler_; }
  /// Of the denoiser and the decoder; the text encoders run the plain ones.
  const kernels::Ops& ops() const { return ops_; }
  at::MemoryFormat memory_format() const {
    return channels_last_ ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  }
  /// Whether what does not change from step to step is computed once, and the rest recorded.
  bool compiled() const { return recordings_ != nullptr; }
  int64_t default_size() const { return unet_->config().sample_size * vae_->config().factor(); }
  double load_seconds() const { return load_seconds_; }

 private:
  struct Component {
    std::string name;
    WeightFiles files;
    networks::Loaded loaded;
  };

  Pipeline() = default;
  void find_weights(const std::string& variant);
  void load_weights();
  void upcast_vae();
  Json weights_info() const;
  transforms::Networks networks() { return {*unet_, *vae_}; }
  void check_order(TransformKind kind) const;
  void check_fp8() const;
  transforms::CallSize call_size(const PictureSize& size) const;
  void lay_out_channels_last();
  void compile();

  std::filesystem::path model_;
  Placement placement_;
  std::unique_ptr<TextConditioning> text_;
  std::unique_ptr<networks::UNet> unet_;
  std::unique_ptr<networks::VaeDecoder> vae_;
  GenerationDefaults defaults_;
  sampling::SchedulerConfig scheduler_;
  at::ScalarType vae_dtype_ = at::kFloat;
  std::string variant_;                // that was asked for
  std::vector<Component> components_;  // in the order of kWeighted
  transforms::Plan plan_;
  kernels::Ops ops_ = kernels::plain_ops();
  bool channels_last_ = false;
  std::unique_ptr<Recordings> recordings_;  // of a compiled pipeline
  TransformKind last_{};
  transforms::CallSize call_{};  // that packed layers fit
  double load_seconds_ = 0;
};

}  // namespace allaprima::runtime
