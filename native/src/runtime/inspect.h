// What a checkpoint is and whether it would load, read from its configurations and the headers of
// its weight files. No weight is read.
#pragma once

#include <filesystem>
#include <string>

#include "base/json_file.h"

namespace allaprima::runtime {

/// What allaprima_inspect returns. Every fault of the model is in "problems", by the checks that
/// Pipeline::open makes; throws kInvalidArgument for a variant that is no word.
Json inspect(const std::filesystem::path& model, const std::string& variant);

}  // namespace allaprima::runtime
