// What this process runs on: versions, CPU, devices.
#pragma once

#include "base/json_file.h"

namespace allaprima::runtime {

/// What allaprima_system_info returns.
Json system_info();

}  // namespace allaprima::runtime
