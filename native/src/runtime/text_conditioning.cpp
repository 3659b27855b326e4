#include "runtime/text_conditioning.h"

namespace allaprima::runtime {

namespace {

struct Texts {
  std::vector<std::string> prompts;  // negative first where it is encoded
  bool zero_negative;                // a row of zeros stands before them
};

Texts texts_of(const Prompts& prompts, bool zeros_for_no_negative) {
  if (!prompts.guided) return {{prompts.prompt}, false};
  if (!prompts.negative && zeros_for_no_negative) return {{prompts.prompt}, true};
  return {{prompts.negative.value_or(""), prompts.prompt}, false};
}

Tensor tokenize(const ClipTokenizer& tokenizer, const Texts& texts, at::Device device,
                std::vector<std::string>& dropped) {
  std::vector<Tensor> rows;
  for (const std::string& prompt : texts.prompts) {
    const TokenizedPrompt tokens = tokenizer.encode(prompt);
    rows.push_back(at::tensor(tokens.ids, at::kLong));
    if (!tokens.dropped.empty() &&
        std::find(dropped.begin(), dropped.end(), tokens.dropped) == dropped.end()) {
      dropped.push_back(tokens.dropped);
    }
  }
  return at::stack(rows).to(device);
}

Tensor with_zero_negative(const Tensor& rows, bool zero_negative) {
  return zero_negative ? at::cat({at::zeros_like(rows), rows}) : rows;
}

}  // namespace

Encoded TextConditioning::encode(const nn::Forward& f, const Prompts& prompts) const {
  const Texts texts = texts_of(prompts, zeros_for_no_negative_);
  Encoded encoded;
  const Tensor ids = tokenize(first_.tokenizer, texts, placement_.device, encoded.dropped);
  const Tensor ids_2 = tokenize(second_.tokenizer, texts, placement_.device, encoded.dropped);
  const auto text = first_.encoder.encode(f, ids);
  const auto text_2 = second_.encoder.encode(f, ids_2);
  const Tensor hidden = with_zero_negative(text.hidden, texts.zero_negative);
  const Tensor hidden_2 = with_zero_negative(text_2.hidden, texts.zero_negative);
  // The pooled vector comes from the second encoder only.
  const Tensor pooled = with_zero_negative(text_2.pooled, texts.zero_negative);
  encoded.stages = {{"token_ids", ids},
                    {"token_ids_2", ids_2},
                    {"hidden_states", hidden},
                    {"hidden_states_2", hidden_2},
                    {"pooled", pooled}};

  const auto repeated = [&](const Tensor& rows) {
    return rows.repeat_interleave(prompts.images, 0);
  };
  encoded.condition.context = repeated(at::cat({hidden, hidden_2}, -1));
  encoded.condition.pooled = repeated(pooled);
  const auto height = static_cast<float>(prompts.height), width = static_cast<float>(prompts.width);
  const Tensor sizes = at::tensor({height, width, 0.0f, 0.0f, height, width}, at::kFloat);
  encoded.condition.time_ids =
      sizes.to(placement_.device).expand({encoded.condition.pooled.size(0), 6});
  return encoded;
}

}  // namespace allaprima::runtime
