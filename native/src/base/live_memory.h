// How many bytes libtorch's tensors on the processor hold: what is left after a close was
// forgotten.
#pragma once

#include <cstdint>

namespace allaprima {

/// Counts from now on what tensors allocate, in this whole process. Once; costs two additions an
/// allocation.
void count_tensor_memory();

/// Bytes of tensors on the CPU that were allocated since and not freed, as the heap rounds them.
/// Not counted: what oneDNN allocates itself, packed weights for one, and what is no tensor.
int64_t live_tensor_bytes();

}  // namespace allaprima
