// One list of names: each module names its members as the checkpoint does, in `visit`. Loading,
// listing, counting and transforming are visitors over it.
#pragma once

#include <string>
#include <string_view>

#include "base/torch.h"

namespace allaprima::nn {

class Linear;
class Conv2d;
class SelfAttention;
class CrossAttention;

class Visitor {
 public:
  virtual ~Visitor() = default;

  /// Visits a module that has a `visit(Visitor&)` of its own, under `name`.
  template <class Module>
  void child(std::string_view name, Module& module) {
    const Scope scope(path_, name);
    module.visit(*this);
  }

  /// Visits children `name.0`, `name.1`, ….
  template <class Modules>
  void children(std::string_view name, Modules& modules) {
    size_t index = 0;
    for (auto& module : modules) child(std::string(name) + "." + std::to_string(index++), module);
  }

  /// One weight of the module that is being visited, with the shape that its configuration implies.
  void tensor(std::string_view name, Tensor& tensor, at::IntArrayRef shape) {
    const Scope scope(path_, name);
    on_tensor(path_, tensor, shape);
  }

  /// Transforms look at whole layers. Return true to go on to the layer's tensors.
  virtual bool on_linear(const std::string& /*path*/, Linear& /*layer*/) { return true; }
  virtual bool on_conv(const std::string& /*path*/, Conv2d& /*layer*/) { return true; }
  virtual void on_attention(SelfAttention& /*attention*/) {}
  virtual void on_attention(CrossAttention& /*attention*/) {}

  const std::string& path() const { return path_; }

 protected:
  virtual void on_tensor(const std::string& /*path*/, Tensor& /*tensor*/,
                         at::IntArrayRef /*shape*/) {}

 private:
  class Scope {
   public:
    Scope(std::string& path, std::string_view name) : path_(path), length_(path.size()) {
      if (!path_.empty()) path_ += '.';
      path_ += name;
    }
    ~Scope() { path_.resize(length_); }
    Scope(const Scope&) = delete;

   private:
    std::string& path_;
    size_t length_;
  };

  std::string path_;
};

}  // namespace allaprima::nn
