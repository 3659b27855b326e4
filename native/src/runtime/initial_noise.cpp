#include "runtime/initial_noise.h"

#include <ATen/CPUGeneratorImpl.h>

#include "base/shape.h"
#include "io/tensors.h"

namespace allaprima::runtime {

namespace {

/// A damaged file of noise is a bad argument, not a bad model.
SafetensorsFile open_noise(const std::filesystem::path& path) {
  try {
    return SafetensorsFile(path);
  } catch (const Error& error) {
    throw Error(error.code() == Code::kInvalidModel ? Code::kInvalidArgument : error.code(),
                error.what());
  }
}

Tensor read_noise(const std::filesystem::path& path, at::IntArrayRef shape) {
  const SafetensorsFile file = open_noise(path);
  const auto what = file.metadata().find(kLatentsAre);
  check(!file.tensors().contains("image") &&
            (what == file.metadata().end() || what->second != kFinalLatents),
        Code::kInvalidArgument, path.string(),
        ": holds the finished latents of a picture, as they are saved after the last step; "
        "expected N(0,1) noise to start from");
  const auto found = file.tensors().find("latents");
  check(found != file.tensors().end(), Code::kInvalidArgument, path.string(),
        ": holds no tensor 'latents'; expected one of shape ", shape_text(shape));
  check(at::IntArrayRef(found->second.shape) == shape, Code::kInvalidArgument, path.string(),
        ": 'latents' has the shape ", shape_text(found->second.shape), ", this request needs ",
        shape_text(shape), " (images, channels, height and width of the latents)");
  check(
      found->second.dtype == "F32" || found->second.dtype == "F16" || found->second.dtype == "BF16",
      Code::kInvalidArgument, path.string(), ": 'latents' is of type ", found->second.dtype,
      ", expected F32, F16 or BF16");
  const Tensor noise = view_of(found->second, path.string()).to(at::kFloat, false, /*copy=*/true);
  check(at::isfinite(noise).all().item<bool>(), Code::kInvalidArgument, path.string(),
        ": 'latents' holds values that are not finite");
  return noise;
}

Tensor draw(uint64_t seed, at::IntArrayRef shape) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn(shape, generator, at::TensorOptions(at::kFloat));
}

}  // namespace

Tensor initial_noise(const Request& request, at::IntArrayRef shape) {
  if (!request.latents.empty()) return read_noise(request.latents, shape);
  if (request.seeds.empty()) return draw(request.seed, shape);
  std::vector<int64_t> one(shape.begin(), shape.end());
  one[0] = 1;
  std::vector<Tensor> pictures;
  for (uint64_t seed : request.seeds) pictures.push_back(draw(seed, one));
  return at::cat(pictures);
}

}  // namespace allaprima::runtime
