#include "runtime/initial_noise.h"

#include <ATen/CPUGeneratorImpl.h>

#include "base/shape.h"
#include "io/checkpoint.h"

namespace allaprima::runtime {

namespace {

Tensor read_noise(const std::filesystem::path& path, at::IntArrayRef shape) {
  const SafetensorsFile file(path);
  const auto found = file.tensors().find("latents");
  check(found != file.tensors().end(), Code::kInvalidArgument, path.string(),
        ": holds no tensor 'latents'; expected one of shape ", shape_text(shape));
  check(at::IntArrayRef(found->second.shape) == shape, Code::kInvalidArgument, path.string(),
        ": 'latents' has the shape ", shape_text(found->second.shape), ", this request needs ",
        shape_text(shape), " (images, channels, height and width of the latents)");
  const Tensor noise = view_of(found->second, path.string()).to(at::kFloat, false, /*copy=*/true);
  check(at::isfinite(noise).all().item<bool>(), Code::kInvalidArgument, path.string(),
        ": 'latents' holds values that are not finite");
  return noise;
}

}  // namespace

Tensor initial_noise(const Request& request, at::IntArrayRef shape) {
  if (!request.latents.empty()) return read_noise(request.latents, shape);
  auto generator = at::detail::createCPUGenerator(request.seed);
  return at::randn(shape, generator, at::TensorOptions(at::kFloat));
}

}  // namespace allaprima::runtime
