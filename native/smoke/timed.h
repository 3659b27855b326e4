// Generations with nothing around them, for benchmarks that put another engine beside this one.
#pragma once

#include <string>
#include <vector>

namespace smoke {

/// `arguments`: model, steps, seed, threads. Opens the model in fp32, then makes one generation for
/// each line on stdin and answers with its seconds and the CRC-32 of its bytes. The exit code.
int timed_generations(const std::vector<std::string>& arguments);

}  // namespace smoke
