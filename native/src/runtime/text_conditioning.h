// Prompts and sizes to what the UNet is conditioned on, by both tokenizers and text encoders.
// Rules: diffusers 0.42.1, StableDiffusionXLPipeline.encode_prompt and _get_add_time_ids.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "base/device.h"
#include "networks/clip_text_encoder.h"
#include "networks/unet.h"
#include "runtime/recordings.h"
#include "runtime/text_cache.h"
#include "text/clip_tokenizer.h"

namespace allaprima::runtime {

/// Height and width of the original, top and left of the crop, height and width of the target.
using SizeNumbers = std::array<float, 6>;

struct Prompts {
  std::string prompt, prompt_2;         // an empty second one: the first for both encoders
  std::optional<std::string> negative;  // none is not the same as empty
  std::string negative_2;
  int64_t clip_skip;  // of the prompt; the negative one never skips
  bool guided;
  int64_t images;
  SizeNumbers sizes, negative_sizes;
};

/// Words of one of the request's prompts beyond the tokenizer's limit.
struct DroppedWords {
  std::string prompt;  // the request's field
  std::vector<std::string> words;
  bool operator==(const DroppedWords&) const = default;
};

/// Rows for the UNet: all negative ones first, then the positive ones.
struct Encoded {
  networks::TextCondition condition;
  std::vector<DroppedWords> dropped;
  int64_t cache_hits = 0, cache_misses = 0;  // a miss is a run of an encoder
  std::map<std::string, Tensor> stages;  // before repetition for each image; see allaprima_run_read
};

struct TextModel {
  ClipTokenizer tokenizer;
  networks::ClipTextEncoder encoder;
  TextCache cache = {};
};

class TextConditioning {
 public:
  TextConditioning(TextModel first, TextModel second, bool zeros_for_no_negative,
                   const Placement& placement)
      : first_(std::move(first)),
        second_(std::move(second)),
        zeros_for_no_negative_(zeros_for_no_negative),
        placement_(placement) {}

  /// From now on a GPU runs the encoders as recorded calls; it must outlive this.
  void record_in(Recordings& recordings) { recordings_ = &recordings; }
  /// Results are kept for later calls; on the engine thread.
  Encoded encode(const nn::Forward& f, const Prompts& prompts);

  TextModel& first() { return first_; }
  TextModel& second() { return second_; }
  const TextModel& first() const { return first_; }
  const TextModel& second() const { return second_; }

 private:
  networks::EncodedText run(const nn::Forward& f, const TextModel& model, const Tensor& ids,
                            int64_t clip_skip);

  TextModel first_, second_;
  bool zeros_for_no_negative_;
  Placement placement_;
  Recordings* recordings_ = nullptr;
};

}  // namespace allaprima::runtime
