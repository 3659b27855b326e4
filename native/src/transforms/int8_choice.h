// Which linear layers are faster in int8 on this machine: measured, shape by shape.
#pragma once

#include "transforms/layers.h"

namespace allaprima::transforms {

struct ShapeTiming {
  int64_t rows, in, out;
  int64_t layers;                      // of this shape
  double dense_seconds, int8_seconds;  // the fastest of several calls each, interleaved
};

struct Int8Choice {
  std::vector<std::string> layers;  // where int8 was faster
  std::vector<ShapeTiming> timings;
};

/// Times each distinct shape of the linear layers that can be in int8, for networks that are called
/// so; `packed` says whether the others will be packed. Takes about a second at full size.
Int8Choice choose_int8(Networks networks, const CallSize& call, kernels::Int8Scheme scheme,
                       bool packed);

}  // namespace allaprima::transforms
