#include "base/cuda_card.h"

namespace allaprima {

std::optional<CudaCard> cuda_card(at::Device) { return std::nullopt; }

}  // namespace allaprima
