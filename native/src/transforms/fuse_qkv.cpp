#include "transforms/fuse_qkv.h"

namespace allaprima::transforms {

namespace {

class Fuse : public nn::Visitor {
 public:
  int64_t attentions = 0;

 protected:
  void on_attention(nn::SelfAttention& attention) override {
    attention.fuse();
    ++attentions;
  }
  void on_attention(nn::CrossAttention& attention) override {
    attention.fuse();
    ++attentions;
  }
};

}  // namespace

PlanEntry fuse_qkv(Networks networks) {
  const LinearCount before = count_linears(networks);
  Fuse fuse;
  fuse.child("unet", networks.unet);
  fuse.child("vae", networks.vae);
  const LinearCount after = count_linears(networks);
  const auto became = [](const char* network, int64_t from, int64_t to) {
    return std::string(network) + ": " + std::to_string(from) + " linear layers became " +
           std::to_string(to);
  };
  return {"fuse_qkv",
          became("unet", before.unet, after.unet) + "; " + became("vae", before.vae, after.vae),
          fuse.attentions, before.bytes, after.bytes};
}

}  // namespace allaprima::transforms
