#include "golden.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "io/safetensors.h"

namespace smoke {

namespace {

template <class T>
std::vector<double> widen(std::span<const std::byte> data) {
  std::vector<double> values(data.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
  return values;
}

}  // namespace

std::optional<Golden> Golden::read(const std::filesystem::path& folder) {
  const auto path = folder / "golden.safetensors";
  if (!std::filesystem::exists(path)) return std::nullopt;
  const allaprima::SafetensorsFile file(path);
  Golden golden;
  golden.metadata = file.metadata();
  for (const auto& [name, entry] : file.tensors()) {
    if (entry.dtype == "F32") golden.values[name] = widen<float>(entry.data);
    if (entry.dtype == "I64") golden.values[name] = widen<int64_t>(entry.data);
  }
  return golden;
}

std::string Golden::text(const std::string& key, const std::string& fallback) const {
  const auto found = metadata.find(key);
  return found == metadata.end() ? fallback : found->second;
}

double Golden::number(const std::string& key, double fallback) const {
  const auto found = metadata.find(key);
  return found == metadata.end() ? fallback : std::stod(found->second);
}

std::string checksum(std::span<const std::byte> bytes) {
  std::array<uint32_t, 256> table;
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  uint32_t crc = ~0u;
  for (std::byte byte : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<uint32_t>(byte)) & 0xFF];
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08x", ~crc);
  return text;
}

std::string file_checksum(const std::filesystem::path& path) {
  return checksum(allaprima::MappedFile(path).bytes());
}

double relative_distance(const std::vector<float>& ours, const std::vector<double>& theirs) {
  if (ours.size() != theirs.size()) return std::numeric_limits<double>::infinity();
  double difference = 0, length = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    const double gap = static_cast<double>(ours[i]) - theirs[i];
    difference += gap * gap;
    length += theirs[i] * theirs[i];
  }
  if (difference == 0) return 0;
  const double distance = std::sqrt(difference / length);
  return std::isnan(distance) ? std::numeric_limits<double>::infinity() : distance;
}

}  // namespace smoke
