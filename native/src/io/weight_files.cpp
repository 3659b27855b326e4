#include "io/weight_files.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/json_file.h"

namespace allaprima {

namespace fs = std::filesystem;

namespace {

constexpr const char* kEnding = ".safetensors";
constexpr size_t kLongestVariant = 64;

/// What stands before and after a variant's name in a file's name, behind the stem.
struct Spelling {
  std::string before, after;
  bool is_index;
};

const std::vector<Spelling>& variant_spellings() {
  static const std::vector<Spelling> kSpellings{
      {".", ".safetensors", false},
      {".safetensors.index.", ".json", true},
      {".safetensors.", ".index.json", true},  // of older diffusers
  };
  return kSpellings;
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// A file name and nothing else: an index must not lead out of its folder.
void check_shard_name(const std::string& name, const fs::path& index) {
  const bool plain = name.find_first_of(std::string("/\\\0", 3)) == std::string::npos &&
                     name.ends_with(kEnding) && name.size() > std::string(kEnding).size();
  check(plain, Code::kInvalidModel, index.string(), ": names the file ", Json(name).dump(),
        ", expected the name of a .safetensors file in the same folder, without a path");
}

std::map<std::string, std::string> read_weight_map(const fs::path& index) {
  const Json json = read_json(index, Repeats::kRefused);
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  check(json.is_object() && map != json.end() && map->is_object() && !map->empty(),
        Code::kInvalidModel, index.string(),
        ": has no weight_map, expected an object of tensors and files");
  std::map<std::string, std::string> shard_of;
  for (const auto& [tensor, file] : map->items()) {
    check(file.is_string(), Code::kInvalidModel, index.string(), ": the file of tensor '", tensor,
          "' is ", file.dump(), ", expected a name");
    check_shard_name(file.get<std::string>(), index);
    shard_of[tensor] = file.get<std::string>();
  }
  return shard_of;
}

WeightFiles sharded(const fs::path& index, const std::string& variant) {
  WeightFiles weights{index, {}, read_weight_map(index), variant};
  std::set<std::string> names;
  for (const auto& [tensor, file] : weights.shard_of) names.insert(file);
  std::string missing;
  for (const std::string& name : names) {
    weights.files.push_back(index.parent_path() / name);
    if (!is_file(weights.files.back())) {
      missing += (missing.empty() ? "" : ", ") + weights.files.back().string();
    }
  }
  check(missing.empty(), Code::kInvalidModel, missing,
        ": there is no such file, but the index beside it, ", index.filename().string(),
        ", names it; download it too");
  return weights;
}

std::optional<WeightFiles> plain_weights(const fs::path& folder, const std::string& stem) {
  const fs::path file = folder / (stem + kEnding);
  if (is_file(file)) return WeightFiles{file, {file}, {}, ""};
  const fs::path index = folder / (stem + ".safetensors.index.json");
  if (is_file(index)) return sharded(index, "");
  return std::nullopt;
}

std::optional<WeightFiles> variant_weights(const fs::path& folder, const std::string& stem,
                                           const std::string& variant) {
  for (const Spelling& spelling : variant_spellings()) {
    const fs::path file = folder / (stem + spelling.before + variant + spelling.after);
    if (!is_file(file)) continue;
    return spelling.is_index ? sharded(file, variant) : WeightFiles{file, {file}, {}, variant};
  }
  return std::nullopt;
}

/// Whether the name ends as a shard's does, in "-00001-of-00002".
bool is_shard(const std::string& name) {
  constexpr std::string_view kForm = "-00000-of-00000";
  if (name.size() < kForm.size()) return false;
  const std::string_view end = std::string_view(name).substr(name.size() - kForm.size());
  return std::equal(end.begin(), end.end(), kForm.begin(), [](char c, char form) {
    return form == '0' ? c >= '0' && c <= '9' : c == form;
  });
}

std::set<std::string> variants_in(const fs::path& folder, const std::string& stem) {
  std::set<std::string> variants;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    for (const Spelling& spelling : variant_spellings()) {
      const std::string before = stem + spelling.before;
      if (!name.starts_with(before) || !name.ends_with(spelling.after)) continue;
      if (name.size() <= before.size() + spelling.after.size()) continue;
      const std::string variant =
          name.substr(before.size(), name.size() - before.size() - spelling.after.size());
      if (!is_shard(variant) && variant.find('.') == std::string::npos) variants.insert(variant);
    }
  }
  return variants;
}

[[noreturn]] void fail_without_weights(const fs::path& folder, const std::string& stem,
                                       const std::string& wanted,
                                       const std::set<std::string>& variants) {
  std::string found;
  for (const std::string& variant : variants) found += (found.empty() ? "" : ", ") + variant;
  std::error_code ignored;
  check(fs::is_directory(folder, ignored), Code::kInvalidModel, folder.string(),
        ": there is no such folder; model_index.json names this component");
  check(variants.size() < 2, Code::kInvalidModel, folder.string(), ": there is no ", stem, kEnding,
        ", but several variants: ", found, "; say which one to load");
  // Not "ask for that one": another component may have none of it.
  check(variants.empty(), Code::kInvalidModel, folder.string(), ": there is neither the variant ",
        wanted, " nor ", stem, kEnding, ", only the variant ", found,
        "; without a variant, each component is loaded from the files that it has");
  const bool other = fs::exists(folder / (stem + ".bin"), ignored) ||
                     fs::exists(folder / "pytorch_model.bin", ignored);
  fail(Code::kInvalidModel, folder.string(), ": there is no ", stem,
       ".safetensors and no index of shards; ",
       other ? "there are weights in Python's own format, .bin, which can hold code and is not read"
             : "a diffusers folder holds its weights in such a file");
}

}  // namespace

void check_variant_name(const std::string& variant) {
  const bool plain = std::all_of(variant.begin(), variant.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-' || c == '.';
  });
  check(plain && !variant.empty() && variant.size() <= kLongestVariant &&
            variant.find_first_not_of('.') != std::string::npos,
        Code::kInvalidArgument, "the variant is ",
        Json(variant).dump(-1, ' ', true, Json::error_handler_t::replace),
        ", expected a word as in a file's name, fp16 for one: letters, digits, _, - and dots, at "
        "most ",
        kLongestVariant);
}

std::vector<std::string> variants_of(const fs::path& folder, const std::string& stem) {
  const auto named = variants_in(folder, stem);
  std::vector<std::string> all(named.begin(), named.end());
  const bool plain =
      is_file(folder / (stem + kEnding)) || is_file(folder / (stem + ".safetensors.index.json"));
  if (plain) all.insert(all.begin(), "");
  return all;
}

WeightFiles find_weights(const fs::path& folder, const std::string& stem,
                         const std::string& variant) {
  if (!variant.empty()) {
    if (auto weights = variant_weights(folder, stem, variant)) return *weights;
  }
  if (auto weights = plain_weights(folder, stem)) return *weights;
  const auto variants = variants_in(folder, stem);
  if (variant.empty() && variants.size() == 1) {
    if (auto weights = variant_weights(folder, stem, *variants.begin())) return *weights;
  }
  fail_without_weights(folder, stem, variant, variants);
}

}  // namespace allaprima
