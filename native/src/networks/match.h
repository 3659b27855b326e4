// A network's tensors against those of a checkpoint, by name, shape and type, strict both ways. No
// weight is read.
#pragma once

#include <string>
#include <vector>

#include "io/checkpoint.h"
#include "nn/visit.h"

namespace allaprima::networks {

/// Claims every tensor that a visit names.
class Matcher : public nn::Visitor {
 public:
  explicit Matcher(Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  /// After the visit: throws kInvalidModel with what is missing, misshapen, of a type that is not
  /// supported or left over, the first ten names of each and their count.
  void check_fit() const;

  /// Numbers in all tensors that were named, whether they fit or not.
  int64_t parameters() const { return parameters_; }

 protected:
  void on_tensor(const std::string& path, Tensor& tensor, at::IntArrayRef shape) override;

 private:
  Checkpoint& checkpoint_;
  std::vector<std::string> missing_, misshapen_, unreadable_;
  int64_t parameters_ = 0;
};

}  // namespace allaprima::networks
