// Generations with nothing around them, for benchmarks that put another engine beside this one.
#pragma once

#include <string>
#include <vector>

namespace smoke {

/// `arguments`: model, steps, seed, threads, and any of cuda, bf16, compile. Opens the model, on
/// the CPU and in fp32 where nothing else is said, then makes one generation for each line on stdin
/// and answers with its seconds and the CRC-32 of its bytes. The exit code.
int timed_generations(const std::vector<std::string>& arguments);

}  // namespace smoke
