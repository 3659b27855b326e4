// One checkpoint, loaded and ready on one device.
#pragma once

#include <filesystem>
#include <memory>

#include "base/device.h"
#include "networks/load.h"
#include "networks/vae_decoder.h"
#include "runtime/generation_defaults.h"
#include "runtime/text_conditioning.h"
#include "sampling/euler.h"
#include "transforms/plan.h"

namespace allaprima::runtime {

struct PipelineOptions {
  std::filesystem::path model;
  DeviceChoice device = DeviceChoice::kAuto;
  int device_index = 0;
  PrecisionChoice precision = PrecisionChoice::kAuto;
  std::string variant = {};  // as in "fp16"; empty: the plain files
};

class Pipeline {
 public:
  /// Loads a diffusers folder; on the engine thread. Throws kInvalidModel, kUnavailable, kIo, and
  /// kInvalidArgument for a variant that is no word.
  static std::unique_ptr<Pipeline> open(const PipelineOptions& options);

  /// What allaprima_pipeline_info returns.
  Json info() const;
  Json plan() const;

  const Placement& placement() const { return placement_; }
  /// What the VAE computes in: fp32 where its fp16 would overflow, else the precision of the rest.
  at::ScalarType vae_dtype() const { return vae_dtype_; }
  /// Not constant: it keeps what it encoded.
  TextConditioning& text() const { return *text_; }
  const networks::UNet& unet() const { return *unet_; }
  const networks::VaeDecoder& vae() const { return *vae_; }
  const sampling::SchedulerConfig& scheduler() const { return scheduler_; }
  const kernels::Ops& ops() const { return kernels::plain_ops(); }
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
  double load_seconds_ = 0;
};

}  // namespace allaprima::runtime
