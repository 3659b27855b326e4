// One checkpoint, loaded and ready on one device.
#pragma once

#include <filesystem>
#include <memory>

#include "base/device.h"
#include "networks/load.h"
#include "networks/vae_decoder.h"
#include "runtime/text_conditioning.h"
#include "sampling/euler.h"
#include "transforms/plan.h"

namespace allaprima::runtime {

struct PipelineOptions {
  std::filesystem::path model;
  DeviceChoice device = DeviceChoice::kAuto;
  int device_index = 0;
  PrecisionChoice precision = PrecisionChoice::kAuto;
};

class Pipeline {
 public:
  /// Loads a diffusers folder; on the engine thread. Throws kInvalidModel, kUnavailable.
  static std::unique_ptr<Pipeline> open(const PipelineOptions& options);

  /// What allaprima_pipeline_info returns.
  Json info() const;
  Json plan() const;

  const Placement& placement() const { return placement_; }
  /// Not constant: it keeps what it encoded.
  TextConditioning& text() const { return *text_; }
  const networks::UNet& unet() const { return *unet_; }
  const networks::VaeDecoder& vae() const { return *vae_; }
  const sampling::SchedulerConfig& scheduler() const { return scheduler_; }
  const kernels::Ops& ops() const { return kernels::plain_ops(); }
  int64_t default_size() const { return unet_->config().sample_size * vae_->config().factor(); }
  double load_seconds() const { return load_seconds_; }

 private:
  Pipeline() = default;
  template <class Network>
  void load(Network& network, const std::string& component, const std::string& stem);

  std::filesystem::path model_;
  Placement placement_;
  std::unique_ptr<TextConditioning> text_;
  std::unique_ptr<networks::UNet> unet_;
  std::unique_ptr<networks::VaeDecoder> vae_;
  sampling::SchedulerConfig scheduler_;
  std::vector<std::pair<std::string, networks::Loaded>> components_;
  transforms::Plan plan_;
  double load_seconds_ = 0;
};

}  // namespace allaprima::runtime
