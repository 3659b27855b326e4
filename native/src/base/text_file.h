// Reads a whole text file of a checkpoint; errors name the file.
#pragma once

#include <filesystem>
#include <string>

namespace allaprima {

/// Throws kInvalidModel when the file is missing, unreadable or over 64 MiB.
std::string read_text(const std::filesystem::path& path);

}  // namespace allaprima
