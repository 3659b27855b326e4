// Reads a JSON file of a checkpoint; errors name the file.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace allaprima {

using Json = nlohmann::json;

/// Throws kInvalidModel when the file is missing, unreadable, over 64 MiB or not JSON.
Json read_json(const std::filesystem::path& path);

}  // namespace allaprima
