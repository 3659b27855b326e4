#include "networks/older_names.h"

#include <array>
#include <utility>

namespace allaprima::networks {

void accept_older_text_encoder(Checkpoint& checkpoint) {
  checkpoint.assume_prefix("text_model.");  // transformers 5 saves the first encoder without it
  checkpoint.disclaim("text_model.embeddings.position_ids");  // a buffer of old checkpoints
}

void accept_older_vae(Checkpoint& checkpoint) {
  // Text to image only decodes.
  checkpoint.disclaim("encoder.");
  checkpoint.disclaim("quant_conv.");
  // Old files have names of their own for the attention, and the oldest hold it as four
  // convolutions of one pixel.
  const std::string attention = "decoder.mid_block.attentions.0.";
  constexpr std::array<std::pair<const char*, const char*>, 4> kRenamed{
      {{"query", "to_q"}, {"key", "to_k"}, {"value", "to_v"}, {"proj_attn", "to_out.0"}}};
  for (const auto& [before, now] : kRenamed) {
    checkpoint.rename(attention + before, attention + now);
    checkpoint.drop_kernel_axes(attention + now + ".weight");
  }
}

}  // namespace allaprima::networks
