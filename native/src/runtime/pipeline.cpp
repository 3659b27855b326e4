#include "runtime/pipeline.h"

#include "base/clock.h"
#include "base/device_stream.h"
#include "base/libtorch_version.h"
#include "networks/older_names.h"
#include "runtime/fit.h"
#include "runtime/model_index.h"

namespace allaprima::runtime {

namespace {

TextModel text_model(const std::filesystem::path& model, const std::string& suffix) {
  const auto config = networks::ClipTextConfig::read(
      model / ("text_encoder" + suffix),
      suffix.empty() ? networks::Projection::kNone : networks::Projection::kPresent);
  return {ClipTokenizer::load(model / ("tokenizer" + suffix), config.positions),
          networks::ClipTextEncoder(config)};
}

void check_fit(const TextConditioning& text, const networks::UNet& unet,
               const networks::VaeDecoder& vae, const std::string& model_folder) {
  const TextModel &first = text.first(), &second = text.second();
  check_text_width(first.encoder.config(), second.encoder.config(), unet.config(), model_folder);
  check_vocabulary(first.tokenizer, first.encoder.config(), model_folder);
  check_vocabulary(second.tokenizer, second.encoder.config(), model_folder);
  check_lengths({first.tokenizer.length(), second.tokenizer.length()},
                {first.encoder.config().positions, second.encoder.config().positions},
                model_folder);
  check_channels(unet.config(), vae.config(), model_folder);
  check_pooled(second.encoder.config().projection, unet.config(), model_folder);
}

}  // namespace

void Pipeline::find_weights(const std::string& variant) {
  if (!variant.empty()) check_variant_name(variant);
  variant_ = variant;
  bool found = variant.empty();
  for (const auto& [name, stem] : kWeighted) {
    components_.push_back({name, allaprima::find_weights(model_ / name, stem, variant), {}});
    found = found || components_.back().files.variant == variant;
  }
  check_variant_found(found, variant, model_.string());
}

void Pipeline::load_weights() {
  size_t next = 0;
  const auto load = [&](auto& network, void (*accept_older)(Checkpoint&)) {
    Component& component = components_.at(next++);
    Checkpoint checkpoint(component.files);
    if (accept_older) accept_older(checkpoint);
    component.loaded = networks::load(network, checkpoint, placement_);
  };
  load(text_->first().encoder, networks::accept_older_text_encoder);
  load(text_->second().encoder, networks::accept_older_text_encoder);
  load(*unet_, nullptr);
  load(*vae_, networks::accept_older_vae);

  transforms::PlanEntry precision{
      "precision", precision_name(placement_.dtype) + ", " + placement_.precision_reason, 0, 0, 0};
  for (const auto& component : components_) {
    precision.changed += component.loaded.converted;
    precision.bytes_before += component.loaded.file_bytes;
    precision.bytes_after += component.loaded.bytes;
  }
  plan_.push_back(precision);
}

// From the fp16 values: diffusers loads in fp16 first, too, and widens what it has.
void Pipeline::upcast_vae() {
  vae_dtype_ = placement_.dtype;
  if (placement_.dtype != at::kHalf || !vae_->config().force_upcast) return;
  networks::Upcast upcast;
  vae_->visit(upcast);
  networks::Loaded& loaded = components_.back().loaded;
  plan_.push_back({"vae_upcast", "the VAE computes in fp32, its config.json says force_upcast",
                   upcast.tensors(), loaded.bytes, upcast.bytes()});
  loaded.bytes = upcast.bytes();
  vae_dtype_ = at::kFloat;
}

std::unique_ptr<Pipeline> Pipeline::open(const PipelineOptions& options) {
  const Stopwatch watch;
  check_libtorch_version();
  std::unique_ptr<Pipeline> p(new Pipeline);
  p->model_ = options.model;
  p->placement_ = choose_placement(options.device, options.device_index, options.precision);
  use_own_stream(p->placement_.device);
  const ModelIndex index = ModelIndex::read(options.model);
  p->find_weights(options.variant);
  p->defaults_ = GenerationDefaults::read(options.model);
  p->scheduler_ = sampling::SchedulerConfig::read(options.model / "scheduler");
  p->text_ = std::make_unique<TextConditioning>(text_model(options.model, ""),
                                                text_model(options.model, "_2"),
                                                index.zeros_for_no_negative_prompt, p->placement_);
  p->unet_ = std::make_unique<networks::UNet>(networks::UNetConfig::read(options.model / "unet"));
  p->vae_ =
      std::make_unique<networks::VaeDecoder>(networks::VaeConfig::read(options.model / "vae"));
  check_fit(*p->text_, *p->unet_, *p->vae_, options.model.string());
  p->load_weights();
  p->upcast_vae();
  p->load_seconds_ = watch.seconds();
  return p;
}

/// What it held on a GPU goes back to the driver, not to libtorch's cache.
Pipeline::~Pipeline() {
  recordings_.reset();
  text_.reset();
  unet_.reset();
  vae_.reset();
  try {
    use_own_stream(placement_.device);
    release_unused_memory(placement_.device);
  } catch (const std::exception&) {
    // A device that has failed before: whoever used it was told.
  }
}

DecodedPicture Pipeline::decode(const StopFlag& stop, const Tensor& latents) {
  if (!compiled() || latents.is_cpu()) {
    return decode_picture({ops_, stop}, *vae_, vae_dtype_, memory_format(), latents);
  }
  stop.check();
  const auto recorded = recordings_->decode(latents, [this](const Tensor& x) {
    auto decoded = decode_picture({ops_, StopFlag::never()}, *vae_, vae_dtype_, memory_format(), x);
    return std::vector<Tensor>{decoded.picture, decoded.finite};
  });
  const auto results = (*recorded)(latents);
  return {results[0], results[1]};
}

std::string Pipeline::name() const {
  return (model_.has_filename() ? model_ : model_.parent_path()).filename().string();
}

Json Pipeline::weights_info() const {
  Json weights = Json::object();
  for (const auto& [name, files, loaded] : components_) {
    const std::string reason = files.variant.empty() && !variant_.empty()
                                   ? "there is no variant " + variant_ + " of this component"
                               : !files.variant.empty() && variant_.empty()
                                   ? "there are no other weights of this component"
                               : variant_.empty() ? "no variant was asked for"
                                                  : "asked for";
    weights[name] = {{"file", files.named.filename().string()},
                     {"files", files.files.size()},
                     {"variant", files.variant},
                     {"variant_reason", reason}};
  }
  return weights;
}

Json Pipeline::info() const {
  Json parameters = Json::object(), bytes = Json::object();
  for (const auto& [name, files, loaded] : components_) {
    parameters[name] = loaded.parameters;
    bytes[name] = loaded.bytes;
  }
  return {{"model", model_.string()},
          {"device", device_name(placement_.device)},
          {"device_reason", placement_.device_reason},
          {"precision", precision_name(placement_.dtype)},
          {"precision_reason", placement_.precision_reason},
          {"width", default_size()},
          {"height", default_size()},
          {"size_multiple", vae_->config().factor()},
          {"steps", defaults_.steps},
          {"guidance", defaults_.guidance},
          {"load_s", load_seconds_},
          {"weights", weights_info()},
          {"parameters", parameters},
          {"bytes", bytes},
          {"plan", plan(Detail::kLayers)}};
}

}  // namespace allaprima::runtime
