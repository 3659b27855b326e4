#include "networks/load.h"

#include "io/tensors.h"

namespace allaprima::networks {

void Loader::on_tensor(const std::string& path, Tensor& tensor, at::IntArrayRef) {
  // Tensor by tensor, each given back when it was copied: a file is never in memory as a whole.
  const Tensor stored =
      view_of(checkpoint_.take(path), checkpoint_.path() + ": tensor '" + path + "'");
  tensor = upload_ ? (*upload_)(stored, placement_.dtype)
                   : stored.to(placement_.dtype, /*non_blocking=*/false, /*copy=*/true);
  checkpoint_.release(path);
  loaded_.parameters += tensor.numel();
  loaded_.bytes += static_cast<int64_t>(tensor.nbytes());
  loaded_.file_bytes += static_cast<int64_t>(stored.nbytes());
  if (stored.scalar_type() != tensor.scalar_type()) loaded_.converted += 1;
}

void Upcast::on_tensor(const std::string&, Tensor& tensor, at::IntArrayRef) {
  tensor = tensor.to(at::kFloat);
  tensors_ += 1;
  bytes_ += static_cast<int64_t>(tensor.nbytes());
}

}  // namespace allaprima::networks
