#include "networks/match.h"

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

int64_t count_of(at::IntArrayRef shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  return count;
}

}  // namespace

void Matcher::on_tensor(const std::string& path, Tensor& /*tensor*/, at::IntArrayRef shape) {
  parameters_ += count_of(shape);
  const TensorEntry* found = checkpoint_.find(path);
  if (found == nullptr) {
    missing_.push_back(path + " " + shape_text(shape));
    return;
  }
  checkpoint_.claim(path);  // not by prefix: a longer name is another tensor
  if (shape != at::IntArrayRef(found->shape)) {
    misshapen_.push_back(path + " " + shape_text(found->shape) + ", expected " + shape_text(shape));
  } else if (!is_readable_type(found->dtype)) {
    unreadable_.push_back(path + " " + found->dtype);
  }
}

void Matcher::check_fit() const {
  std::string problems;
  list(problems, "missing", missing_);
  list(problems, "of another shape", misshapen_);
  list(problems, "of a dtype that is not supported", unreadable_);
  list(problems, "not known to this architecture", checkpoint_.unclaimed());
  check(problems.empty(), Code::kInvalidModel, checkpoint_.path(),
        ": its tensors do not fit its config.json", problems);
}

}  // namespace allaprima::networks
