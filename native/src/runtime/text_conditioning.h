// Prompts and sizes to what the UNet is conditioned on, by both tokenizers and text encoders.
// Rules: diffusers 0.42.1, StableDiffusionXLPipeline.encode_prompt.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/device.h"
#include "networks/clip_text_encoder.h"
#include "networks/unet.h"
#include "text/clip_tokenizer.h"

namespace allaprima::runtime {

struct Prompts {
  std::string prompt;
  std::optional<std::string> negative;  // none is not the same as empty
  bool guided;
  int64_t images;
  int64_t width, height;  // pixels
};

/// Rows for the UNet: all negative ones first, then the positive ones.
struct Encoded {
  networks::TextCondition condition;
  std::vector<std::string> dropped;      // text beyond the tokenizers' limit
  std::map<std::string, Tensor> stages;  // before repetition for each image; see allaprima_run_read
};

struct TextModel {
  ClipTokenizer tokenizer;
  networks::ClipTextEncoder encoder;
};

class TextConditioning {
 public:
  TextConditioning(TextModel first, TextModel second, bool zeros_for_no_negative,
                   const Placement& placement)
      : first_(std::move(first)),
        second_(std::move(second)),
        zeros_for_no_negative_(zeros_for_no_negative),
        placement_(placement) {}

  Encoded encode(const nn::Forward& f, const Prompts& prompts) const;

  TextModel& first() { return first_; }
  TextModel& second() { return second_; }
  const TextModel& first() const { return first_; }
  const TextModel& second() const { return second_; }

 private:
  TextModel first_, second_;
  bool zeros_for_no_negative_;
  Placement placement_;
};

}  // namespace allaprima::runtime
