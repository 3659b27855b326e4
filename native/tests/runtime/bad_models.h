// Models that are refused: what was done to each, and what the error says.
#pragma once

#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "model_copy.h"
#include "runtime/pipeline.h"

namespace allaprima::runtime {

inline constexpr const char* kUnet = "unet/diffusion_pytorch_model.safetensors";
inline constexpr const char* kVae = "vae/diffusion_pytorch_model.safetensors";

struct BadModel {
  const char* name;
  std::function<void(const ModelCopy&)> damage;
  std::vector<std::string> says;
  Code code = Code::kInvalidModel;
  PipelineOptions options = {};

  friend void PrintTo(const BadModel& c, std::ostream* out) { *out << c.name; }
};

inline void cut(const std::filesystem::path& file, uintmax_t bytes) {
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - bytes);
}

inline std::string with_header(uint64_t length, const std::string& header) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header;
}

inline const std::vector<BadModel>& bad_models() {
  static const std::vector<BadModel> kCases{
      {"no_folder",
       [](const ModelCopy& m) { std::filesystem::remove_all(m.folder()); },
       {"there is no such folder", "model_index.json"}},
      {"a_file_for_a_folder",
       [](const ModelCopy& m) {
         std::filesystem::remove_all(m.folder());
         std::ofstream(m.folder()) << "weights";
       },
       {"is a file", "a folder in diffusers' format"}},
      {"no_model_index",
       [](const ModelCopy& m) { std::filesystem::remove(m / "model_index.json"); },
       {"model_index.json", "no diffusers folder"}},
      {"another_pipeline",
       [](const ModelCopy& m) {
         m.change("model_index.json", "_class_name", "StableDiffusionPipeline");
       },
       {"StableDiffusionPipeline'", "StableDiffusionXLPipeline is"}},
      {"component_not_in_the_index",
       [](const ModelCopy& m) { m.change("model_index.json", "vae", Json()); },
       {"model_index.json", "'vae' is null", "needs this component"}},
      {"component_without_folder",
       [](const ModelCopy& m) {
         std::filesystem::rename(m / "text_encoder_2", m / "text_encoder2");
       },
       {"/text_encoder_2", "there is no such folder", "model_index.json names"}},
      {"no_config",
       [](const ModelCopy& m) { std::filesystem::remove(m / "unet/config.json"); },
       {"unet/config.json", "cannot be read"}},
      {"broken_json",
       [](const ModelCopy& m) { m.write("vae/config.json", "{\"act_fn\":"); },
       {"vae/config.json", "not valid JSON"}},
      {"json_of_another_kind",
       [](const ModelCopy& m) { m.write("vae/config.json", "[1]"); },
       {"vae/config.json", "is not a JSON object"}},
      {"json_nested_without_end",
       [](const ModelCopy& m) {
         m.write("unet/config.json",
                 "{\"act_fn\":" + std::string(200000, '[') + std::string(200000, ']') + "}");
       },
       {"unet/config.json", "nested more than 32 deep"}},
      {"another_architecture",
       [](const ModelCopy& m) { m.change("unet/config.json", "act_fn", "gelu"); },
       {"unet/config.json", "'act_fn'", "\"gelu\"", "\"silu\""}},
      {"configuration_that_would_take_all_memory",
       [](const ModelCopy& m) { m.change("unet/config.json", "layers_per_block", 200000); },
       {"'layers_per_block' is 200000", "128"}},
      {"number_that_is_not_whole",
       [](const ModelCopy& m) { m.change("unet/config.json", "norm_num_groups", 4.9); },
       {"'norm_num_groups' is 4.9", "whole number"}},
      {"unknown_scheduler",
       [](const ModelCopy& m) {
         m.change("scheduler/scheduler_config.json", "_class_name", "NoSuchScheduler");
       },
       {"scheduler_config.json", "NoSuchScheduler"}},
      {"tokenizer_longer_than_its_encoder",
       [](const ModelCopy& m) {
         m.change("tokenizer/tokenizer_config.json", "model_max_length", 100);
       },
       {"100 and 77 tokens"}},
      {"no_weights",
       [](const ModelCopy& m) { std::filesystem::remove(m / kUnet); },
       {"/unet", "there is no diffusion_pytorch_model.safetensors"}},
      {"pickled_weights",
       [](const ModelCopy& m) {
         std::filesystem::rename(m / kUnet, m / "unet/diffusion_pytorch_model.bin");
       },
       {"/unet", "Python's own format"}},
      {"git_lfs_pointer",
       [](const ModelCopy& m) { m.write(kUnet, "version https://git-lfs.github.com/spec/v1\n"); },
       {kUnet, "Git LFS", "git lfs pull"}},
      {"empty_weights",
       [](const ModelCopy& m) { m.write(kUnet, ""); },
       {kUnet, "0 bytes", "too short"}},
      {"weights_cut_short",
       [](const ModelCopy& m) { cut(m / kUnet, 1); },
       {kUnet, "cut short", "download it again"}},
      {"header_of_2_to_the_63_bytes",
       [](const ModelCopy& m) { m.write(kVae, with_header(uint64_t{1} << 63, "{}")); },
       {kVae, "9223372036854775808"}},
      {"overlapping_weights",
       [](const ModelCopy& m) {
         const std::string header = R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
                                    R"("b":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}})";
         m.write(kVae, with_header(header.size(), header + "123456"));
       },
       {kVae, "'a' and 'b' overlap"}},
      {"weights_that_lie_about_their_size",
       [](const ModelCopy& m) {
         const std::string header = R"({"a":{"dtype":"F16","shape":[7],"data_offsets":[0,4]}})";
         m.write(kVae, with_header(header.size(), header + "1234"));
       },
       {kVae, "'a'", "has 4 bytes of data, its shape and dtype need 14"}},
      {"weights_of_integers",
       [](const ModelCopy& m) {
         m.rewrite(kVae, [](auto& tensors) {
           for (auto& tensor : tensors) {
             if (tensor.name == "post_quant_conv.bias") tensor.dtype = "U32";
           }
         });
       },
       {kVae, "1 of a dtype that is not supported", "post_quant_conv.bias U32"}},
      {"two_variants_and_no_plain_weights",
       [](const ModelCopy& m) {
         std::filesystem::copy(m / kUnet, m / "unet/diffusion_pytorch_model.ema.safetensors");
         std::filesystem::rename(m / kUnet, m / "unet/diffusion_pytorch_model.fp16.safetensors");
       },
       {"/unet", "several variants: ema, fp16", "which one"}},
      {"variant_that_no_component_has",
       [](const ModelCopy&) {},
       {"no component has the variant 'fp16'"},
       Code::kInvalidModel,
       {"", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32, "fp16"}},
      {"variant_that_is_a_path",
       [](const ModelCopy&) {},
       {"\"../fp16\"", "expected a word"},
       Code::kInvalidArgument,
       {"", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32, "../fp16"}},
      {"variant_of_dots",
       [](const ModelCopy&) {},
       {"\"..\""},
       Code::kInvalidArgument,
       {"", DeviceChoice::kCpu, 0, PrecisionChoice::kFp32, ".."}},
  };
  return kCases;
}

}  // namespace allaprima::runtime
