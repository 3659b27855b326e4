// Golden values that lie in a model's folder: what each stage gave where the model was made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace smoke {

struct Golden {
  std::map<std::string, std::string> metadata;        // prompt, negative_prompt, steps, …
  std::map<std::string, std::vector<double>> values;  // by stage name

  /// `folder`/golden.safetensors, or nothing when there is none. Throws std::runtime_error.
  static std::optional<Golden> read(const std::filesystem::path& folder);

  std::string text(const std::string& key, const std::string& fallback) const;
  double number(const std::string& key, double fallback) const;
};

/// CRC-32 (ISO 3309, as in zlib), eight hexadecimal digits.
std::string checksum(std::span<const std::byte> bytes);

/// The same of a file. Throws std::runtime_error.
std::string file_checksum(const std::filesystem::path& path);

/// Euclidean distance of two vectors relative to the length of the second.
double relative_distance(const std::vector<float>& ours, const std::vector<double>& theirs);

}  // namespace smoke
