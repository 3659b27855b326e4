#include "networks/load.h"

#include "base/shape.h"

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
  const auto* found = checkpoint_.shape(path);
  if (found == nullptr) {
    missing_.push_back(path + " " + shape_text(shape));
    return;
  }
  if (shape != at::IntArrayRef(*found)) {
    checkpoint_.claim(path);  // not by prefix: a longer name is another tensor
    misshapen_.push_back(path + " " + shape_text(*found) + ", expected " + shape_text(shape));
    return;
  }
  const at::ScalarType stored = checkpoint_.dtype(path);
  tensor = checkpoint_.take(path, placement_);
  loaded_.parameters += tensor.numel();
  loaded_.bytes += static_cast<int64_t>(tensor.nbytes());
  loaded_.file_bytes += tensor.numel() * static_cast<int64_t>(at::elementSize(stored));
  if (stored != tensor.scalar_type()) loaded_.converted += 1;
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

}  // namespace allaprima::networks
