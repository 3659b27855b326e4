#include "runtime/text_conditioning.h"

#include <algorithm>
#include <functional>

#include "base/device_stream.h"

namespace allaprima::runtime {

namespace {

/// One row of the condition: what either encoder reads, with the names of the request's fields.
struct RowTexts {
  std::string first, second;
  const char* first_name;
  const char* second_name;
  int64_t clip_skip;
};

struct Texts {
  std::vector<RowTexts> rows;  // negative first where it is encoded
  bool zero_negative;          // a row of zeros stands before them
};

RowTexts row_of(const std::string& first, const std::string& second, bool is_negative,
                int64_t clip_skip) {
  const char* name = is_negative ? "negative_prompt" : "prompt";
  if (second.empty()) return {first, first, name, name, clip_skip};
  return {first, second, name, is_negative ? "negative_prompt_2" : "prompt_2", clip_skip};
}

Texts texts_of(const Prompts& p, bool zeros_for_no_negative) {
  const RowTexts positive = row_of(p.prompt, p.prompt_2, /*is_negative=*/false, p.clip_skip);
  if (!p.guided) return {{positive}, false};
  if (!p.negative && zeros_for_no_negative) return {{positive}, true};
  return {{row_of(p.negative.value_or(""), p.negative_2, /*is_negative=*/true, 0), positive},
          false};
}

/// The rows of one encoder, put together.
struct Rows {
  std::vector<Tensor> ids, hidden, pooled;
};

using RunEncoder =
    std::function<networks::EncodedText(const TextModel& model, const Tensor& ids, int64_t skip)>;

/// Each text alone, as diffusers does: so its numbers do not depend on what else was asked for.
void encode_row(const RunEncoder& run, TextModel& model, const std::string& text, const char* name,
                int64_t clip_skip, Rows& rows, Encoded& encoded) {
  TokenizedPrompt tokens = model.tokenizer.encode(text);
  const Tensor ids = at::tensor(tokens.ids, at::kLong);
  DroppedWords dropped{name, std::move(tokens.dropped)};
  const auto& known = encoded.dropped;
  if (!dropped.words.empty() && std::find(known.begin(), known.end(), dropped) == known.end()) {
    encoded.dropped.push_back(std::move(dropped));
  }
  const TextKey key{std::move(tokens.ids), clip_skip};
  const networks::EncodedText* result = model.cache.find(key);
  if (result) {
    ++encoded.cache_hits;
  } else {
    ++encoded.cache_misses;
    result = &model.cache.insert(key, run(model, ids.unsqueeze(0), clip_skip));
  }
  rows.ids.push_back(ids);
  rows.hidden.push_back(result->hidden);
  if (result->pooled.defined()) rows.pooled.push_back(result->pooled);
}

Tensor joined(std::vector<Tensor> rows, bool zero_negative) {
  if (zero_negative) rows.insert(rows.begin(), at::zeros_like(rows.front()));
  return at::cat(rows);
}

}  // namespace

networks::EncodedText TextConditioning::run(const nn::Forward& f, const TextModel& model,
                                            const Tensor& ids, int64_t clip_skip) {
  const Tensor on_device = to_device(ids, placement_.device);
  if (recordings_ == nullptr || placement_.device.is_cpu()) {
    return model.encoder.encode(f, on_device, clip_skip);
  }
  const auto encode = [&model, clip_skip](const Tensor& x) {
    auto text = model.encoder.encode({kernels::plain_ops(), StopFlag::never()}, x, clip_skip);
    return std::vector<Tensor>{text.hidden, text.pooled};
  };
  f.stop.check();
  const auto results =
      (*recordings_->encode(on_device, &model == &second_, clip_skip, encode))(on_device);
  return {results[0], results[1]};
}

Encoded TextConditioning::encode(const nn::Forward& f, const Prompts& prompts) {
  const Texts texts = texts_of(prompts, zeros_for_no_negative_);
  Encoded encoded;
  Rows rows, rows_2;
  const RunEncoder runs = [&](const TextModel& model, const Tensor& ids, int64_t clip_skip) {
    return run(f, model, ids, clip_skip);
  };
  for (const RowTexts& row : texts.rows) {
    encode_row(runs, first_, row.first, row.first_name, row.clip_skip, rows, encoded);
    encode_row(runs, second_, row.second, row.second_name, row.clip_skip, rows_2, encoded);
  }
  const Tensor hidden = joined(rows.hidden, texts.zero_negative);
  const Tensor hidden_2 = joined(rows_2.hidden, texts.zero_negative);
  // The pooled vector comes from the second encoder only.
  const Tensor pooled = joined(rows_2.pooled, texts.zero_negative);
  encoded.stages = {{"token_ids", at::stack(rows.ids)},
                    {"token_ids_2", at::stack(rows_2.ids)},
                    {"hidden_states", hidden},
                    {"hidden_states_2", hidden_2},
                    {"pooled", pooled}};

  // Rows of a picture stay together with its sizes. diffusers 0.42.1 orders the sizes otherwise
  // than the texts when several pictures have negative sizes of their own.
  const auto repeated = [&](const Tensor& one_each) {
    return one_each.repeat_interleave(prompts.images, 0);
  };
  encoded.condition.context = repeated(at::cat({hidden, hidden_2}, -1));
  encoded.condition.pooled = repeated(pooled);
  const auto numbers = [](const SizeNumbers& sizes) {
    return at::tensor(at::ArrayRef<float>(sizes), at::kFloat).unsqueeze(0);
  };
  const Tensor sizes = prompts.guided
                           ? at::cat({numbers(prompts.negative_sizes), numbers(prompts.sizes)})
                           : numbers(prompts.sizes);
  encoded.condition.time_ids = repeated(to_device(sizes, placement_.device));
  return encoded;
}

}  // namespace allaprima::runtime
