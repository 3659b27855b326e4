#include "io/checkpoint.h"

#include "base/error.h"

namespace allaprima {

Checkpoint::Checkpoint(const WeightFiles& weights) : path_(weights.named) {
  for (const auto& path : weights.files) files_.emplace_back(path);
  for (size_t i = 0; i < files_.size(); ++i) {
    for (const auto& [name, entry] : files_[i].tensors()) {
      const bool is_new = tensors_.emplace(name, Held{entry, i}).second;
      check(is_new, Code::kInvalidModel, files_[i].path().string(), ": holds tensor '", name,
            "', which ", files_[tensors_.at(name).file].path().filename().string(),
            " holds too; which one counts is not known");
    }
  }
  if (weights.shard_of.empty()) return;
  for (const auto& [name, shard] : weights.shard_of) {
    const auto found = tensors_.find(name);
    const bool there =
        found != tensors_.end() && files_[found->second.file].path().filename() == shard;
    check(there, Code::kInvalidModel, path(), ": says that ", shard, " holds tensor '", name,
          "', which it does not; download the index and its shards again");
  }
  for (const auto& [name, held] : tensors_) {
    check(weights.shard_of.contains(name), Code::kInvalidModel, path(), ": does not name tensor '",
          name, "' of ", files_[held.file].path().filename().string(),
          "; download the index and its shards again");
  }
}

const TensorEntry* Checkpoint::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second.entry;
}

const TensorEntry& Checkpoint::take(const std::string& name) {
  const Held& held = tensors_.at(name);
  claim(name);
  files_[held.file].check_whole();
  return held.entry;
}

void Checkpoint::release(const std::string& name) const {
  const Held& held = tensors_.at(name);
  files_[held.file].release(held.entry);
}

void Checkpoint::assume_prefix(const std::string& prefix) {
  for (const auto& [name, held] : tensors_) {
    if (name.starts_with(prefix)) return;
  }
  std::map<std::string, Held> renamed;
  for (auto& [name, held] : tensors_) renamed.emplace(prefix + name, std::move(held));
  tensors_ = std::move(renamed);
}

void Checkpoint::rename(const std::string& from, const std::string& to) {
  const std::string prefix = from + ".";
  for (auto next = tensors_.lower_bound(prefix); next != tensors_.end();) {
    const auto found = next++;
    if (!found->first.starts_with(prefix)) return;
    const std::string name = to + found->first.substr(from.size());
    check(!tensors_.contains(name), Code::kInvalidModel, path(), ": holds both '", found->first,
          "' and '", name, "', the old and the new name of one tensor");
    auto node = tensors_.extract(found);
    node.key() = name;
    tensors_.insert(std::move(node));
  }
}

void Checkpoint::drop_kernel_axes(const std::string& name) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return;
  auto& shape = found->second.entry.shape;
  if (shape.size() == 4 && shape[2] == 1 && shape[3] == 1) shape.resize(2);
}

void Checkpoint::disclaim(const std::string& prefix) {
  for (const auto& [name, held] : tensors_) {
    if (name.starts_with(prefix)) claimed_.insert(name);
  }
}

std::vector<std::string> Checkpoint::unclaimed() const {
  std::vector<std::string> names;
  for (const auto& [name, held] : tensors_) {
    if (!claimed_.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace allaprima
