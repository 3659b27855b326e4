// Reads a JSON file of a checkpoint; errors name the file.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace allaprima {

using Json = nlohmann::json;

/// What a key that an object has twice means: Python's reader takes the last one; in a table of
/// tensors it is damage.
enum class Repeats { kLastCounts, kRefused };

/// Throws kInvalidModel, starting with `where`, when the text is not JSON or nested more than 32
/// deep: copying and printing a value recurse, and no checkpoint needs more.
Json parse_json(std::string_view text, const std::string& where,
                Repeats repeats = Repeats::kLastCounts);

/// Throws kInvalidModel when the file is missing, unreadable, over 64 MiB or not JSON.
Json read_json(const std::filesystem::path& path, Repeats repeats = Repeats::kLastCounts);

}  // namespace allaprima
