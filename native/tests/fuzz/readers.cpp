#include "readers.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "io/checkpoint.h"
#include "networks/config.h"
#include "networks/older_names.h"
#include "runtime/generation_defaults.h"
#include "runtime/model_index.h"
#include "sampling/noise_schedule.h"
#include "text/clip_tokenizer.h"

namespace allaprima::fuzz {

namespace fs = std::filesystem;

namespace {

/// Every byte that an entry claims must be there to be read; the sum keeps the reading.
void read_all(const Checkpoint& checkpoint) {
  unsigned sum = 0;
  for (const std::string& name : checkpoint.unclaimed()) {
    for (const std::byte byte : checkpoint.find(name)->data) sum += static_cast<unsigned>(byte);
  }
  volatile unsigned sink = sum;
  static_cast<void>(sink);
}

void read_weights(const fs::path& folder, Random& random) {
  const char* variants[] = {"", "fp16", "ema"};
  Checkpoint checkpoint(find_weights(folder, "m", variants[random.below(3)]));
  read_all(checkpoint);
  if (random.one_in(2)) {
    networks::accept_older_vae(checkpoint);
  } else {
    networks::accept_older_text_encoder(checkpoint);
  }
  for (const std::string& name : checkpoint.unclaimed()) {
    checkpoint.take(name);
    checkpoint.release(name);
  }
  check(checkpoint.unclaimed().empty(), Code::kInternal, "a tensor was taken and not claimed");
}

/// Small, but with each kind of entry: shapes, types, empty ones, old names, metadata.
void write_weights(const fs::path& file, const std::string& prefix) {
  const std::string values(96, '\1');
  const auto bytes = [&](size_t count) { return std::as_bytes(std::span(values.data(), count)); };
  write_safetensors(
      file,
      {{prefix + "conv.weight", "F32", {2, 3, 1, 1}, bytes(24)},
       {prefix + "conv.bias", "BF16", {2}, bytes(4)},
       {prefix + "scalar", "F64", {}, bytes(8)},
       {prefix + "empty", "F16", {0, 7}, bytes(0)},
       {prefix + "embeddings.position_ids", "I64", {1, 4}, bytes(32)},
       {prefix + "mid_block.attentions.0.query.weight", "F16", {2, 2, 1, 1}, bytes(8)}},
      {{"format", "pt"}});
}

void write_shards(const fs::path& folder) {
  fs::create_directories(folder);
  write_weights(folder / "m.fp16-00001-of-00002.safetensors", "decoder.");
  write_weights(folder / "m.fp16-00002-of-00002.safetensors", "encoder.");
  Json map = Json::object();
  for (const char* shard :
       {"m.fp16-00001-of-00002.safetensors", "m.fp16-00002-of-00002.safetensors"}) {
    const SafetensorsFile file(folder / shard);
    for (const auto& [name, entry] : file.tensors()) map[name] = shard;
  }
  std::ofstream(folder / "m.safetensors.index.fp16.json")
      << Json{{"metadata", {{"total_size", 152}}}, {"weight_map", map}};
}

void read_tokenizer(const fs::path& folder) {
  const ClipTokenizer tokenizer = ClipTokenizer::load(folder);
  for (const char* prompt : {"", "a red fox, 8k!! don't",
                             "L'\xc3\x89T\xc3\x89 \xe5\x8c\x97 \xf0\x9f\x98\x80 <|endoftext|>",
                             "\n\t<|startoftext|>!!!!"}) {
    const auto ids = tokenizer.encode(prompt).ids;
    check(static_cast<int64_t>(ids.size()) == tokenizer.length(), Code::kInternal, "length");
    for (int64_t id : ids) {
      check(id >= 0 && id < tokenizer.vocabulary_size(), Code::kInternal, "id ", id);
    }
  }
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back((folder.filename() / entry.path().filename()).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void copy_files(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    if (entry.path().extension() == ".safetensors") continue;
    fs::copy(entry.path(), to / entry.path().filename());
  }
}

}  // namespace

std::vector<Reader> make_readers(const GoodFiles& good, const fs::path& folder) {
  fs::copy(good.model / "model_index.json", folder / "model_index.json");
  for (const char* component :
       {"scheduler", "tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2", "unet", "vae"}) {
    copy_files(good.model / component, folder / component);
  }
  std::ofstream(folder / "generation_config.json")
      << R"({"num_inference_steps": 25, "guidance_scale": 3.0})";
  fs::create_directories(folder / "one");
  write_weights(folder / "one" / "m.safetensors", "text_model.");
  write_shards(folder / "shards");

  using networks::Projection;
  std::vector<Reader> readers{
      {"safetensors",
       40,
       {"one/m.safetensors"},
       [=](Random& r) { read_weights(folder / "one", r); }},
      {"shards", 20, files_in(folder / "shards"),
       [=](Random& r) { read_weights(folder / "shards", r); }},
      {"model_index", 5, {"model_index.json"}, [=](Random&) { runtime::ModelIndex::read(folder); }},
      {"generation_config",
       2,
       {"generation_config.json"},
       [=](Random&) { runtime::GenerationDefaults::read(folder); }},
      {"unet",
       15,
       {"unet/config.json"},
       [=](Random&) { networks::UNetConfig::read(folder / "unet"); }},
      {"vae", 8, {"vae/config.json"}, [=](Random&) { networks::VaeConfig::read(folder / "vae"); }},
      {"text_encoder",
       8,
       {"text_encoder/config.json"},
       [=](Random&) {
         networks::ClipTextConfig::read(folder / "text_encoder", Projection::kPresent);
       }},
      {"scheduler",
       8,
       {"scheduler/scheduler_config.json"},
       [=](Random&) { sampling::SchedulerConfig::read(folder / "scheduler"); }},
      {"tokenizer", 6, files_in(folder / "tokenizer"),
       [=](Random&) { read_tokenizer(folder / "tokenizer"); }},
      {"tokenizer_2", 4, files_in(folder / "tokenizer_2"),
       [=](Random&) { read_tokenizer(folder / "tokenizer_2"); }},
  };
  for (const auto& tokenizer : good.tokenizers) {
    const fs::path copy = folder / tokenizer.filename();
    copy_files(tokenizer, copy);
    readers.push_back(
        {tokenizer.filename().string(), 2, files_in(copy), [=](Random&) { read_tokenizer(copy); }});
  }
  return readers;
}

}  // namespace allaprima::fuzz
