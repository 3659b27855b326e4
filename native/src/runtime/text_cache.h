// The last results of a text encoder: most requests repeat a prompt or the negative one.
#pragma once

#include <vector>

#include "networks/clip_text_encoder.h"
#include "runtime/recently_used.h"

namespace allaprima::runtime {

/// All that the result depends on, as the weights stay the same.
struct TextKey {
  std::vector<int64_t> ids;
  int64_t clip_skip;
  bool operator==(const TextKey&) const = default;
};

/// Holds the 32 that were used last: at 1,280 features in fp32, 13 MB.
class TextCache : public RecentlyUsed<TextKey, networks::EncodedText> {
 public:
  static constexpr size_t kCapacity = 32;
  TextCache() : RecentlyUsed(kCapacity) {}
};

}  // namespace allaprima::runtime
