#include "networks/resnet_block.h"

namespace allaprima::networks {

ResnetBlock::ResnetBlock(const ResnetShape& s)
    : norm1(s.groups, s.in, s.eps),
      norm2(s.groups, s.out, s.eps),
      conv1({s.in, s.out, 3}),
      conv2({s.out, s.out, 3}) {
  if (s.time_width > 0) time_emb_proj.emplace(s.time_width, s.out, nn::Bias::kPresent);
  if (s.in != s.out) conv_shortcut.emplace(nn::ConvShape{s.in, s.out, 1});
}

Tensor ResnetBlock::project_time(const Tensor& activated_time) const {
  return time_emb_proj->forward(activated_time);
}

Tensor ResnetBlock::forward(const nn::Forward& f, const Tensor& x, const Tensor& time) const {
  f.stop.check();
  Tensor h = conv1.forward(norm1.forward_silu(f, x));
  if (time.defined()) h = h + time.unsqueeze(-1).unsqueeze(-1);
  f.stop.check();  // a convolution of the VAE takes a good part of a second on a processor
  h = conv2.forward(norm2.forward_silu(f, h));
  f.stop.check();
  return f.ops.add_residual(h, conv_shortcut ? conv_shortcut->forward(x) : x);
}

void ResnetBlock::visit(nn::Visitor& visitor) {
  visitor.child("norm1", norm1);
  visitor.child("conv1", conv1);
  if (time_emb_proj) visitor.child("time_emb_proj", *time_emb_proj);
  visitor.child("norm2", norm2);
  visitor.child("conv2", conv2);
  if (conv_shortcut) visitor.child("conv_shortcut", *conv_shortcut);
}

}  // namespace allaprima::networks
