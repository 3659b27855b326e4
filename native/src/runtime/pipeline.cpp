#include "runtime/pipeline.h"

#include "base/clock.h"
#include "base/libtorch_version.h"

namespace allaprima::runtime {

namespace {

/// What the pipelines are for that share networks with SDXL's text to image.
std::string purpose(const std::string& kind) {
  static const std::map<std::string, std::string> known{
      {"StableDiffusionXLImg2ImgPipeline", "it changes a given picture, as SDXL's refiner does"},
      {"StableDiffusionXLInpaintPipeline", "it repaints a part of a given picture"},
      {"StableDiffusionXLInstructPix2PixPipeline", "it edits a given picture"},
      {"StableDiffusionPipeline", "it is Stable Diffusion 1 or 2, with one text encoder"}};
  const auto found = known.find(kind);
  return found == known.end() ? "" : " (" + found->second + ")";
}

/// The folder's table of contents; refuses what is not SDXL's text-to-image pipeline.
Json read_index(const std::filesystem::path& model) {
  std::error_code ignored;
  check(std::filesystem::is_directory(model, ignored), Code::kInvalidModel, model.string(),
        ": there is no such folder; give the folder of a diffusers checkpoint, the one that holds "
        "model_index.json");
  const auto path = model / "model_index.json";
  check(std::filesystem::exists(path, ignored), Code::kInvalidModel, model.string(),
        ": holds no model_index.json, so it is no diffusers folder");
  const Json index = read_json(path);
  const std::string kind =
      index.is_object() && index.contains("_class_name") && index["_class_name"].is_string()
          ? index["_class_name"].get<std::string>()
          : "";
  check(kind == "StableDiffusionXLPipeline", Code::kInvalidModel, path.string(),
        ": the pipeline is '", kind, "'", purpose(kind),
        ", which is not supported; StableDiffusionXLPipeline is");
  return index;
}

TextModel text_model(const std::filesystem::path& model, const std::string& suffix) {
  return {ClipTokenizer::load(model / ("tokenizer" + suffix)),
          networks::ClipTextEncoder(networks::ClipTextConfig::read(
              model / ("text_encoder" + suffix),
              suffix.empty() ? networks::Projection::kNone : networks::Projection::kPresent))};
}

void check_channels(const networks::UNetConfig& unet, const networks::VaeConfig& vae,
                    const std::string& model_folder) {
  check(unet.out_channels == vae.latent_channels, Code::kInvalidModel, model_folder,
        ": the UNet gives ", unet.out_channels, " channels, the VAE takes ", vae.latent_channels);
  check(unet.in_channels == unet.out_channels, Code::kInvalidModel, model_folder,
        ": the UNet takes ", unet.in_channels, " channels and gives ", unet.out_channels,
        ": it needs a picture beside the noise, as for inpainting (9 channels) and editing (8), "
        "which is not supported; text to image takes as many channels as it gives");
}

void check_pooled(int64_t projection, const networks::UNetConfig& unet,
                  const std::string& model_folder) {
  check(projection != unet.pooled_width(5), Code::kInvalidModel, model_folder,
        ": the UNet takes five numbers about the picture, the last an aesthetic score: it is a "
        "refiner of pictures, which is not supported; text to image takes six");
  check(projection == unet.pooled_width(6), Code::kInvalidModel, model_folder,
        ": text_encoder_2 gives ", projection, " pooled features, the UNet takes ",
        unet.pooled_width(6));
}

/// What one component gives must be what the next one takes.
void check_widths(const TextConditioning& text, const networks::UNet& unet,
                  const networks::VaeDecoder& vae, const std::string& model_folder) {
  const auto& first = text.first().encoder.config();
  const auto& second = text.second().encoder.config();
  check(first.width + second.width == unet.config().text_width, Code::kInvalidModel, model_folder,
        ": the text encoders give ", first.width, " + ", second.width,
        " features a token, the UNet takes ", unet.config().text_width);
  for (const TextModel* model : {&text.first(), &text.second()}) {
    check(model->tokenizer.vocabulary_size() <= model->encoder.config().vocabulary,
          Code::kInvalidModel, model_folder, ": a tokenizer knows ",
          model->tokenizer.vocabulary_size(), " tokens, its text encoder ",
          model->encoder.config().vocabulary);
  }
  const int64_t length = text.first().tokenizer.length();
  check(length == text.second().tokenizer.length() && length <= first.positions &&
            length <= second.positions,
        Code::kInvalidModel, model_folder, ": the tokenizers make ", length, " and ",
        text.second().tokenizer.length(),
        " tokens of a prompt (model_max_length), the text "
        "encoders have ",
        first.positions, " and ", second.positions,
        " positions; both tokenizers must make the same number, and no more than that");
  check_channels(unet.config(), vae.config(), model_folder);
  check_pooled(second.projection, unet.config(), model_folder);
}

}  // namespace

template <class Network>
void Pipeline::load(Network& network, const std::string& component, const std::string& stem) {
  Checkpoint checkpoint(model_ / component, stem);
  if (component == "vae") {
    // Text to image only decodes.
    checkpoint.disclaim("encoder.");
    checkpoint.disclaim("quant_conv.");
  } else if (component.starts_with("text_encoder")) {
    checkpoint.assume_prefix("text_model.");  // transformers 5 saves the first encoder without it
    checkpoint.disclaim("text_model.embeddings.position_ids");  // a buffer of old checkpoints
  }
  components_.emplace_back(component, networks::load(network, checkpoint, placement_));
}

std::unique_ptr<Pipeline> Pipeline::open(const PipelineOptions& options) {
  const Stopwatch watch;
  check_libtorch_version();
  std::unique_ptr<Pipeline> p(new Pipeline);
  p->model_ = options.model;
  p->placement_ = choose_placement(options.device, options.device_index, options.precision);
  const Json index = read_index(options.model);
  bool zeros = true;
  if (index.contains("force_zeros_for_empty_prompt")) {
    zeros = index["force_zeros_for_empty_prompt"] == Json(true);
  }
  p->scheduler_ = sampling::SchedulerConfig::read(options.model / "scheduler");
  p->text_ = std::make_unique<TextConditioning>(
      text_model(options.model, ""), text_model(options.model, "_2"), zeros, p->placement_);
  p->unet_ = std::make_unique<networks::UNet>(networks::UNetConfig::read(options.model / "unet"));
  p->vae_ =
      std::make_unique<networks::VaeDecoder>(networks::VaeConfig::read(options.model / "vae"));
  check_widths(*p->text_, *p->unet_, *p->vae_, options.model.string());
  p->load(p->text_->first().encoder, "text_encoder", "model");
  p->load(p->text_->second().encoder, "text_encoder_2", "model");
  p->load(*p->unet_, "unet", "diffusion_pytorch_model");
  p->load(*p->vae_, "vae", "diffusion_pytorch_model");

  transforms::PlanEntry precision{
      "precision", precision_name(p->placement_.dtype) + ", " + p->placement_.precision_reason, 0,
      0, 0};
  for (const auto& [name, loaded] : p->components_) {
    precision.changed += loaded.converted;
    precision.bytes_before += loaded.file_bytes;
    precision.bytes_after += loaded.bytes;
  }
  p->plan_.push_back(precision);
  p->load_seconds_ = watch.seconds();
  return p;
}

Json Pipeline::plan() const {
  Json entries = Json::array();
  for (const auto& entry : plan_) {
    entries.push_back({{"transform", entry.name},
                       {"detail", entry.detail},
                       {"changed", entry.changed},
                       {"bytes_before", entry.bytes_before},
                       {"bytes_after", entry.bytes_after}});
  }
  return entries;
}

Json Pipeline::info() const {
  Json parameters = Json::object(), bytes = Json::object();
  for (const auto& [name, loaded] : components_) {
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
          {"load_s", load_seconds_},
          {"parameters", parameters},
          {"bytes", bytes},
          {"plan", plan()}};
}

}  // namespace allaprima::runtime
