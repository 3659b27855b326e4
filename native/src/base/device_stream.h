// The stream that a thread's work on a device goes to, and how the host and the device hand over.
#pragma once

#include "base/torch.h"

namespace allaprima {

/// From now on this thread's work on `device` goes to a stream of its own, which nothing else of
/// this process waits for; once for each thread and device. Makes `device` the thread's current
/// one. Nothing on a CPU.
void use_own_stream(at::Device device);

/// Waits until all work that this thread has enqueued on `device` is done.
void wait_for(at::Device device);

/// A tensor of the CPU on `device`. To a GPU through pinned memory: the host does not wait.
Tensor to_device(const Tensor& x, at::Device device);

/// A tensor like this, uninitialised, on the CPU; pinned where `device` is a GPU, so that copies
/// from there need no waiting.
Tensor host_empty(at::IntArrayRef shape, at::ScalarType type, at::Device device);

}  // namespace allaprima
