#include "runtime/inspect.h"

#include <optional>

#include "base/error.h"
#include "io/checkpoint.h"
#include "networks/clip_text_encoder.h"
#include "networks/match.h"
#include "networks/older_names.h"
#include "networks/unet.h"
#include "networks/vae_decoder.h"
#include "runtime/fit.h"
#include "runtime/generation_defaults.h"
#include "runtime/model_index.h"
#include "sampling/noise_schedule.h"
#include "text/clip_tokenizer.h"

namespace allaprima::runtime {

namespace fs = std::filesystem;

namespace {

class Inspection {
 public:
  Inspection(const fs::path& model, const std::string& variant)
      : model_(model), variant_(variant) {}

  Json run();

 private:
  /// Whether `work` went well; what it throws becomes a problem of this component.
  template <class Work>
  bool attempt(const std::string& component, Work work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      add_problem(component, error.what());
      return false;
    }
  }

  void add_problem(const std::string& component, const std::string& message) {
    problems_.push_back({{"component", component}, {"message", message}});
  }

  /// Whether the component is there to be looked at.
  bool begin(const std::string& name) {
    return attempt(name, [&] { check_component(index_, model_, name); });
  }

  void look_at_scheduler();
  std::optional<ClipTokenizer> look_at_tokenizer(const std::string& name, int64_t positions);
  std::optional<WeightFiles> find(const std::string& name, Json& about);
  bool look_at_files(const WeightFiles& weights, const std::string& name, Json& about);
  template <class Network, class Read>
  auto look_at_network(const std::string& name, Read read, void (*accept_older)(Checkpoint&))
      -> std::optional<decltype(read(fs::path(), nullptr))>;
  void look_at_networks();
  void check_variant();

  fs::path model_;
  std::string variant_;
  Json index_;
  Json components_ = Json::array(), tokenizers_ = Json::array(), problems_ = Json::array();
  Json scheduler_, size_;
  bool found_variant_ = false;
};

void Inspection::look_at_scheduler() {
  if (!begin("scheduler")) return;
  attempt("scheduler", [&] { check_scheduler(index_, model_); });
  const fs::path folder = model_ / "scheduler";
  scheduler_ = {{"class", index_["scheduler"][1]}};
  try {
    scheduler_["options"] = read_json(folder / "scheduler_config.json");
  } catch (const Error&) {
    // The same failure is a problem below.
  }
  attempt("scheduler", [&] { sampling::SchedulerConfig::read(folder); });
}

std::optional<ClipTokenizer> Inspection::look_at_tokenizer(const std::string& name,
                                                           int64_t positions) {
  std::optional<ClipTokenizer> tokenizer;
  if (!begin(name)) return tokenizer;
  attempt(name, [&] {
    tokenizer = ClipTokenizer::load(model_ / name, positions);
    tokenizers_.push_back({{"name", name},
                           {"class", index_[name][1]},
                           {"tokens", tokenizer->vocabulary_size()},
                           {"length", tokenizer->length()}});
  });
  return tokenizer;
}

std::optional<WeightFiles> Inspection::find(const std::string& name, Json& about) {
  const char* stem = stem_of(name);
  std::optional<WeightFiles> weights;
  about["variants"] = variants_of(model_ / name, stem);
  attempt(name, [&] {
    weights = find_weights(model_ / name, stem, variant_);
    about["variant"] = weights->variant;
    found_variant_ = found_variant_ || weights->variant == variant_;
  });
  return weights;
}

/// Each file by itself, so that every damaged one is named.
bool Inspection::look_at_files(const WeightFiles& weights, const std::string& name, Json& about) {
  bool all_whole = true;
  about["files"] = Json::array();
  about["dtypes"] = Json::object();
  int64_t bytes = 0;
  for (const fs::path& path : weights.files) {
    about["files"].push_back(path.filename().string());
    all_whole &= attempt(name, [&] {
      const SafetensorsFile file(path);
      bytes += static_cast<int64_t>(fs::file_size(path));
      for (const auto& [tensor, entry] : file.tensors()) {
        about["dtypes"][entry.dtype] = about["dtypes"].value(entry.dtype, 0) + 1;
      }
    });
  }
  about["bytes"] = bytes;
  return all_whole;
}

/// The configuration where it is good. The network that it describes is built without memory for
/// its weights, and held against the names and shapes in the files.
template <class Network, class Read>
auto Inspection::look_at_network(const std::string& name, Read read,
                                 void (*accept_older)(Checkpoint&))
    -> std::optional<decltype(read(fs::path(), nullptr))> {
  std::optional<decltype(read(fs::path(), nullptr))> config;
  if (!begin(name)) return config;
  Json about{{"name", name}, {"class", index_[name][1]}};
  Refusals refusals;
  attempt(name, [&] { config = read(model_ / name, &refusals); });
  for (const std::string& refusal : refusals) add_problem(name, refusal);
  const auto weights = find(name, about);
  const bool readable = weights && look_at_files(*weights, name, about);
  if (config && readable) {
    attempt(name, [&] {
      Checkpoint checkpoint(*weights);
      if (accept_older) accept_older(checkpoint);
      Network network(*config);
      networks::Matcher matcher(checkpoint);
      network.visit(matcher);
      about["parameters"] = matcher.parameters();
      matcher.check_fit();
    });
  }
  components_.push_back(about);
  return config;
}

void Inspection::look_at_networks() {
  using networks::Projection;
  const auto text_encoder = [&](const std::string& name, Projection projection) {
    return look_at_network<networks::ClipTextEncoder>(
        name,
        [=](const fs::path& folder, Refusals* refusals) {
          return networks::ClipTextConfig::read(folder, projection, refusals);
        },
        networks::accept_older_text_encoder);
  };
  const auto first = text_encoder("text_encoder", Projection::kNone);
  const auto second = text_encoder("text_encoder_2", Projection::kPresent);
  const auto unet = look_at_network<networks::UNet>("unet", networks::UNetConfig::read, nullptr);
  const auto vae = look_at_network<networks::VaeDecoder>("vae", networks::VaeConfig::read,
                                                         networks::accept_older_vae);
  constexpr int64_t kUsualPositions = 77;
  const auto words = look_at_tokenizer("tokenizer", first ? first->positions : kUsualPositions);
  const auto words_2 =
      look_at_tokenizer("tokenizer_2", second ? second->positions : kUsualPositions);

  const std::string model = model_.string();
  const auto fit = [&](bool known, auto work) {
    if (known) attempt("", work);
  };
  fit(first && second && unet, [&] { check_text_width(*first, *second, *unet, model); });
  fit(first && words, [&] { check_vocabulary(*words, *first, model); });
  fit(second && words_2, [&] { check_vocabulary(*words_2, *second, model); });
  fit(first && second && words && words_2, [&] {
    check_lengths({words->length(), words_2->length()}, {first->positions, second->positions},
                  model);
  });
  fit(unet && vae, [&] { check_channels(*unet, *vae, model); });
  fit(second && unet, [&] { check_pooled(second->projection, *unet, model); });
  if (unet && vae) size_ = unet->sample_size * vae->factor();
}

void Inspection::check_variant() {
  if (variant_.empty() || found_variant_ || components_.empty()) return;
  attempt("", [&] { check_variant_found(false, variant_, model_.string()); });
}

Json Inspection::run() {
  GenerationDefaults defaults;
  Json pipeline;
  if (attempt("", [&] { index_ = open_model_index(model_); })) {
    attempt("", [&] { check_pipeline(index_, model_); });
    if (index_.is_object()) {
      pipeline = index_.value("_class_name", Json());
      attempt("", [&] { defaults = GenerationDefaults::read(model_); });
      look_at_scheduler();
      look_at_networks();
      check_variant();
    }
  }
  return {{"model", model_.string()}, {"pipeline", pipeline},          {"components", components_},
          {"scheduler", scheduler_},  {"tokenizers", tokenizers_},     {"size", size_},
          {"steps", defaults.steps},  {"guidance", defaults.guidance}, {"loads", problems_.empty()},
          {"problems", problems_}};
}

}  // namespace

Json inspect(const fs::path& model, const std::string& variant) {
  if (!variant.empty()) check_variant_name(variant);
  return Inspection(model, variant).run();
}

}  // namespace allaprima::runtime
