#include "networks/load.h"

#include "base/shape.h"
#include "io/tensors.h"

namespace allaprima::networks {

namespace {

constexpr size_t kNamed = 10;

void list(std::string& text, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text += "\n  " + std::to_string(names.size()) + " " + what + ":";
  for (size_t i = 0; i < std::min(names.size(), kNamed); ++i) text += "\n    " + names[i];
  if (names.size() > kNamed) text += "\n    …";
}

}  // namespace

void Loader::on_tensor(const std::string& path, Tensor& tensor, at::IntArrayRef shape) {
  const TensorEntry* found = checkpoint_.find(path);
  if (found == nullptr) {
    missing_.push_back(path + " " + shape_text(shape));
    return;
  }
  if (shape != at::IntArrayRef(found->shape)) {
    checkpoint_.claim(path);  // not by prefix: a longer name is another tensor
    misshapen_.push_back(path + " " + shape_text(found->shape) + ", expected " + shape_text(shape));
    return;
  }
  // Tensor by tensor, each given back when it was copied: a file is never in memory as a whole.
  const Tensor stored =
      view_of(checkpoint_.take(path), checkpoint_.path() + ": tensor '" + path + "'");
  tensor = stored.to(at::TensorOptions(placement_.dtype).device(placement_.device),
                     /*non_blocking=*/false, /*copy=*/true);
  checkpoint_.release(path);
  loaded_.parameters += tensor.numel();
  loaded_.bytes += static_cast<int64_t>(tensor.nbytes());
  loaded_.file_bytes += static_cast<int64_t>(stored.nbytes());
  if (stored.scalar_type() != tensor.scalar_type()) loaded_.converted += 1;
}

Loaded Loader::finish() const {
  std::string problems;
  list(problems, "missing", missing_);
  list(problems, "of another shape", misshapen_);
  list(problems, "not known to this architecture", checkpoint_.unclaimed());
  check(problems.empty(), Code::kInvalidModel, checkpoint_.path(),
        ": its tensors do not fit its config.json", problems);
  return loaded_;
}

void Upcast::on_tensor(const std::string&, Tensor& tensor, at::IntArrayRef) {
  tensor = tensor.to(at::kFloat);
  tensors_ += 1;
  bytes_ += static_cast<int64_t>(tensor.nbytes());
}

}  // namespace allaprima::networks
