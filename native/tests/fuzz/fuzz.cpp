// Damages the files of a checkpoint, case by case, and reads them: nothing but our Error may come
// out. To be built under sanitizers.
//
//   allaprima_fuzz --model DIR [--tokenizer DIR]... [--finds FILE] [--count N] [--seed S] [--case
//   N]
//
// A case is one number that decides everything. The cases of past finds, one a line in FILE, are
// read first, always. --case reads that one alone and says what came out.
#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "base/error.h"
#include "readers.h"

extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
  return "detect_leaks=0:use_sigaltstack=0:malloc_context_size=4:quarantine_size_mb=16:"
         "max_allocation_size_mb=1024";
}

namespace allaprima::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr double kSlowSeconds = 5;

uint64_t running_case = 0;

void tell_case() { std::fprintf(stderr, "the case was %lu\n", running_case); }

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A new file each time: some file systems write one that was emptied to the disk at once.
void write_file(const fs::path& path, const std::string& text) {
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << text;
}

std::string mutate(Random& random, const std::string& name, const std::string& text) {
  if (name.ends_with(".safetensors")) return mutate_safetensors(random, text);
  // Parsing a vocabulary takes as long as reading it: seldom.
  const bool as_json = name.ends_with(".json") && random.one_in(text.size() > 4096 ? 8 : 2);
  return as_json ? mutate_json(random, text) : mutate_text(random, text);
}

struct Counts {
  size_t accepted = 0, refused = 0;
  double seconds = 0;
};

class Fuzzer {
 public:
  Fuzzer(const GoodFiles& good, const fs::path& folder)
      : folder_(folder), readers_(make_readers(good, folder)) {
    for (const Reader& reader : readers_) {
      total_weight_ += reader.weight;
      for (const std::string& file : reader.files) good_[file] = read_file(folder_ / file);
    }
  }

  /// Good files must be taken: else what is read after damage means nothing.
  void read_good() {
    for (const Reader& reader : readers_) {
      Random random(0);
      reader.read(random);
    }
  }

  /// What is wrong, or nothing.
  std::optional<std::string> run(uint64_t number) {
    running_case = number;
    Random random(number);
    const Reader& reader = choose(random);
    const std::string& file = reader.files[random.below(reader.files.size())];
    write_file(folder_ / file, mutate(random, file, good_.at(file)));
    said_ = file + ": ";
    const auto begin = std::chrono::steady_clock::now();
    auto fault = read(reader, random);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    write_file(folder_ / file, good_.at(file));
    slowest_ = std::max(slowest_, time.count());
    counts_[reader.name].seconds += time.count();
    if (!fault && time.count() > kSlowSeconds)
      fault = "took " + std::to_string(time.count()) + " s";
    return fault ? file + ": " + *fault : fault;
  }

  const std::map<std::string, Counts>& counts() const { return counts_; }
  double slowest() const { return slowest_; }
  const std::string& said() const { return said_; }

 private:
  const Reader& choose(Random& random) const {
    size_t at = random.below(total_weight_);
    for (const Reader& reader : readers_) {
      if (at < reader.weight) return reader;
      at -= reader.weight;
    }
    return readers_.back();
  }

  std::optional<std::string> read(const Reader& reader, Random& random) {
    Counts& counts = counts_[reader.name];
    try {
      reader.read(random);
      ++counts.accepted;
      said_ += "accepted";
    } catch (const Error& error) {
      ++counts.refused;
      said_ += error.what();
      if (error.code() == Code::kInternal) return std::string(error.what());
    } catch (const std::exception& error) {
      return std::string("not our exception: ") + error.what();
    }
    return std::nullopt;
  }

  fs::path folder_;
  std::vector<Reader> readers_;
  std::map<std::string, std::string> good_;
  std::map<std::string, Counts> counts_;
  size_t total_weight_ = 0;
  double slowest_ = 0;
  std::string said_;
};

struct Options {
  GoodFiles good;
  fs::path finds;
  size_t count = 100000;
  uint64_t seed = 1;
  std::optional<uint64_t> single;
};

std::optional<Options> options_of(int count, char** values) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = values[i], value = values[i + 1];
    if (name == "--model")
      options.good.model = value;
    else if (name == "--tokenizer")
      options.good.tokenizers.push_back(value);
    else if (name == "--finds")
      options.finds = value;
    else if (name == "--count")
      options.count = std::stoull(value);
    else if (name == "--seed")
      options.seed = std::stoull(value);
    else if (name == "--case")
      options.single = std::stoull(value);
    else
      return std::nullopt;
  }
  if (options.good.model.empty() || count % 2 == 0) return std::nullopt;
  return options;
}

std::vector<uint64_t> cases_of(const Options& options) {
  if (options.single) return {*options.single};
  std::vector<uint64_t> cases;
  std::ifstream finds(options.finds);
  for (std::string line; std::getline(finds, line);) {
    if (!line.empty() && line[0] != '#') cases.push_back(std::stoull(line));
  }
  std::printf("%zu past finds, ", cases.size());
  Random random(options.seed);
  for (size_t i = 0; i < options.count; ++i) cases.push_back(random.next());
  return cases;
}

int run(const Options& options, const fs::path& folder) {
  Fuzzer fuzzer(options.good, folder);
  fuzzer.read_good();
  const auto begin = std::chrono::steady_clock::now();
  size_t faults = 0;
  for (const uint64_t number : cases_of(options)) {
    if (const auto fault = fuzzer.run(number)) {
      ++faults;
      std::printf("case %lu: %s\n", number, fault->c_str());
    }
  }
  if (options.single) std::printf("%s\n", fuzzer.said().c_str());
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::printf("%zu mutations of seed %lu in %.1f s, the slowest %.3f s; %zu faults\n",
              options.count, options.seed, time.count(), fuzzer.slowest(), faults);
  for (const auto& [name, counts] : fuzzer.counts()) {
    std::printf("  %-14s %7zu accepted %7zu refused %6.1f s\n", name.c_str(), counts.accepted,
                counts.refused, counts.seconds);
  }
  return faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace allaprima::fuzz

int main(int count, char** values) {
  using namespace allaprima::fuzz;
  const auto options = options_of(count, values);
  if (!options) {
    std::fprintf(stderr,
                 "use: allaprima_fuzz --model DIR [--tokenizer DIR]... [--finds FILE] [--count N] "
                 "[--seed S] "
                 "[--case N]\n");
    return 2;
  }
  __sanitizer_set_death_callback(tell_case);
  const auto folder =
      std::filesystem::temp_directory_path() / ("allaprima-fuzz-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const int status = run(*options, folder);
  std::filesystem::remove_all(folder);
  return status;
}
