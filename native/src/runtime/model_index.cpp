#include "runtime/model_index.h"

#include <map>
#include <string>

#include "base/error.h"
#include "base/json_file.h"

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

}  // namespace

const char* stem_of(const std::string& component) {
  for (const auto& [name, stem] : kWeighted) {
    if (component == name) return stem;
  }
  fail(Code::kInternal, component, " has no weights");
}

Json open_model_index(const std::filesystem::path& model) {
  std::error_code ignored;
  check(!std::filesystem::is_regular_file(model, ignored), Code::kInvalidModel, model.string(),
        ": is a file, expected a folder in diffusers' format, the one that holds "
        "model_index.json; checkpoints of one file are not read, diffusers converts them");
  check(std::filesystem::is_directory(model, ignored), Code::kInvalidModel, model.string(),
        ": there is no such folder; give the folder of a diffusers checkpoint, the one that holds "
        "model_index.json");
  const auto path = model / "model_index.json";
  check(std::filesystem::exists(path, ignored), Code::kInvalidModel, model.string(),
        ": holds no model_index.json, so it is no diffusers folder");
  return read_json(path);
}

void check_pipeline(const Json& index, const std::filesystem::path& model) {
  const std::string kind =
      index.is_object() && index.contains("_class_name") && index["_class_name"].is_string()
          ? index["_class_name"].get<std::string>()
          : "";
  check(kind == "StableDiffusionXLPipeline", Code::kInvalidModel,
        (model / "model_index.json").string(), ": the pipeline is '", kind, "'", purpose(kind),
        ", which is not supported; StableDiffusionXLPipeline is");
}

void check_component(const Json& index, const std::filesystem::path& model,
                     const std::string& name) {
  const auto found = index.find(name);
  check(found != index.end() && found->is_array() && found->size() == 2 && (*found)[1].is_string(),
        Code::kInvalidModel, (model / "model_index.json").string(), ": '", name, "' is ",
        found == index.end() ? "missing" : found->dump(),
        ", expected a library and a class; an SDXL pipeline needs this component");
  std::error_code ignored;
  check(std::filesystem::is_directory(model / name, ignored), Code::kInvalidModel,
        (model / name).string(),
        ": there is no such folder, but model_index.json names this component; download it too");
}

// This entry decides which scheduler runs, whatever scheduler_config.json was saved from.
void check_scheduler(const Json& index, const std::filesystem::path& model) {
  check(index.at("scheduler").at(1) == "EulerDiscreteScheduler", Code::kInvalidModel,
        (model / "model_index.json").string(), ": the scheduler is ", index.at("scheduler").dump(),
        ", which is not supported; EulerDiscreteScheduler is");
}

ModelIndex ModelIndex::read(const std::filesystem::path& model) {
  const Json index = open_model_index(model);
  check_pipeline(index, model);
  for (const char* name : kComponents) check_component(index, model, name);
  check_scheduler(index, model);
  const auto zeros = index.find("force_zeros_for_empty_prompt");
  return {zeros == index.end() || *zeros == Json(true)};
}

}  // namespace allaprima::runtime
