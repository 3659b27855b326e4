// A checkpoint into a network.
#pragma once

#include "base/device.h"
#include "base/upload.h"
#include "io/checkpoint.h"
#include "networks/match.h"

namespace allaprima::networks {

struct Loaded {
  int64_t parameters = 0;
  int64_t bytes = 0;       // in the precision they are held in
  int64_t file_bytes = 0;  // in the precision of the file
  int64_t converted = 0;   // tensors whose precision in the file was another
};

/// Fills every tensor that a visit names, from a checkpoint that has them all.
class Loader : public nn::Visitor {
 public:
  Loader(Checkpoint& checkpoint, const Placement& placement)
      : checkpoint_(checkpoint), placement_(placement) {
    if (!placement.device.is_cpu()) upload_.emplace(placement.device);
  }

  /// After the visit.
  const Loaded& loaded() const { return loaded_; }

 protected:
  void on_tensor(const std::string& path, Tensor& tensor, at::IntArrayRef shape) override;

 private:
  Checkpoint& checkpoint_;
  const Placement& placement_;
  std::optional<Upload> upload_;  // to a GPU
  Loaded loaded_;
};

/// Every tensor of a network that holds fp16 values, as fp32.
class Upcast : public nn::Visitor {
 public:
  int64_t tensors() const { return tensors_; }
  int64_t bytes() const { return bytes_; }  // after it

 protected:
  void on_tensor(const std::string& path, Tensor& tensor, at::IntArrayRef shape) override;

 private:
  int64_t tensors_ = 0, bytes_ = 0;
};

/// Throws kInvalidModel before anything is copied when a tensor does not fit.
template <class Network>
Loaded load(Network& network, Checkpoint& checkpoint, const Placement& placement) {
  Matcher matcher(checkpoint);
  network.visit(matcher);
  matcher.check_fit();
  Loader loader(checkpoint, placement);
  network.visit(loader);
  return loader.loaded();
}

}  // namespace allaprima::networks
