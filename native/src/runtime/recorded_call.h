// A function of tensors, recorded once: the text encoders and the decoder on a GPU.
#pragma once

#include <functional>
#include <vector>

#include "runtime/graph.h"

namespace allaprima::runtime {

class RecordedCall {
 public:
  using Function = std::function<std::vector<Tensor>(const Tensor&)>;

  /// For inputs of the shape and type of `like`; an undefined result stays undefined.
  RecordedCall(const Tensor& like, Function function, const std::shared_ptr<GraphMemory>& memory)
      : input_(like.clone()), function_(std::move(function)) {
    graph_ = record(memory, [this] { results_ = function_(input_); });
  }
  RecordedCall(const RecordedCall&) = delete;
  RecordedCall& operator=(const RecordedCall&) = delete;

  /// Enqueues it. The results are the caller's own.
  std::vector<Tensor> operator()(const Tensor& input) {
    input_.copy_(input, /*non_blocking=*/true);
    graph_->replay();
    std::vector<Tensor> own;
    for (const Tensor& result : results_) own.push_back(result.defined() ? result.clone() : result);
    return own;
  }

 private:
  Tensor input_;
  Function function_;
  std::vector<Tensor> results_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace allaprima::runtime
