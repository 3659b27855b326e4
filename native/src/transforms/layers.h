// The layers that transforms choose from, by name: those of the denoiser and of the decoder.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "networks/unet.h"
#include "networks/vae_decoder.h"

namespace allaprima::transforms {

struct Networks {
  networks::UNet& unet;
  networks::VaeDecoder& vae;
};

enum class LayerKind { kLinear, kConv };

/// What one row of a linear layer's input stands for.
enum class RowKind {
  kPixel,    // a place of a feature map
  kToken,    // a token of the text
  kPicture,  // a picture, or a step of one: times and sizes
};

struct LayerInfo {
  std::string name;  // "unet." or "vae." and the checkpoint's name
  LayerKind kind;
  int64_t in, out;
  int64_t kernel;  // 1 for a linear layer
  RowKind rows;
  int64_t shrink;   // of kPixel: places of the latents to one of this map, along a side
  int64_t enlarge;  // of kPixel: places of this map to one of the latents, along a side
};

std::vector<LayerInfo> list_layers(Networks networks);
/// The names of those that `meant` takes.
std::vector<std::string> names_where(Networks networks,
                                     const std::function<bool(const LayerInfo&)>& meant);

/// One call of the networks: latents [batch, C, height, width] and `tokens` of text a picture.
struct CallSize {
  int64_t batch, height, width, tokens;
  bool operator==(const CallSize&) const = default;
};

/// The feature map that a layer of kPixel sees.
struct MapSize {
  int64_t batch, height, width;
};
MapSize map_of(const LayerInfo& layer, const CallSize& call);

/// How many rows this linear layer sees.
int64_t rows_of(const LayerInfo& layer, const CallSize& call);

/// Calls `use` with every linear layer, or convolution, in the order of `visit`.
void each_linear(Networks networks, const std::function<void(const LayerInfo&, nn::Linear&)>& use);
void each_conv(Networks networks, const std::function<void(const LayerInfo&, nn::Conv2d&)>& use);

struct LinearCount {
  int64_t unet = 0, vae = 0;  // layers
  int64_t bytes = 0;
};
LinearCount count_linears(Networks networks);
/// Of all linear layers and convolutions.
int64_t layer_bytes(Networks networks);

/// Throws kInvalidArgument unless every name is one of `known`; the message names the first that
/// is not and what the names are for.
void check_names(const std::vector<std::string>& names, const std::vector<std::string>& known,
                 const char* what);

}  // namespace allaprima::transforms
