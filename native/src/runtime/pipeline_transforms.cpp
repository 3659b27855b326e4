// What a pipeline changes in the networks that it has loaded.
#include <algorithm>
#include <array>

#include "base/cuda_card.h"
#include "base/device_stream.h"
#include "kernels/attention.h"
#include "runtime/pipeline.h"
#include "transforms/fp8_dynamic.h"
#include "transforms/fuse_qkv.h"
#include "transforms/int8_choice.h"
#include "transforms/int8_dynamic.h"
#include "transforms/pack.h"
#include "transforms/swap_conv1x1.h"

namespace allaprima::runtime {

namespace {

struct Named {
  TransformKind kind;
  const char* name;
};

/// In this order a pipeline takes them. Each looks at what the one before left: fused layers can be
/// quantised, not the other way round.
constexpr std::array kTransformOrder{
    Named{TransformKind::kMathAttention, "attention_math"},
    Named{TransformKind::kFuseQkv, "fuse_qkv"},
    Named{TransformKind::kSwapConv1x1, "swap_conv1x1"},
    Named{TransformKind::kInt8Dynamic, "int8_dynamic"},
    Named{TransformKind::kFp8Dynamic, "fp8_dynamic"},
    Named{TransformKind::kChannelsLast, "channels_last"},
    Named{TransformKind::kCompile, "compile"},
};

/// From 0; for no transform, behind all of them.
size_t place_of(TransformKind kind) {
  const auto* found = std::ranges::find(kTransformOrder, kind, &Named::kind);
  return static_cast<size_t>(found - kTransformOrder.begin());
}

const char* name_of(TransformKind kind) { return kTransformOrder.at(place_of(kind)).name; }

std::string order_text() {
  std::string text;
  for (const Named& transform : kTransformOrder) text += std::string(transform.name) + ", ";
  return text;
}

const char* name_of(transforms::RowKind rows) {
  switch (rows) {
    case transforms::RowKind::kPixel:
      return "pixels";
    case transforms::RowKind::kToken:
      return "text";
    case transforms::RowKind::kPicture:
      return "pictures";
  }
  return "?";
}

}  // namespace

void Pipeline::check_order(TransformKind kind) const {
  const bool first = last_ == TransformKind{};
  check(first || place_of(kind) > place_of(last_), Code::kInvalidArgument, name_of(kind),
        kind == last_ ? " was already done" : " comes too late", "; the order is ", order_text(),
        "each at most once, and the last was ", first ? "none" : name_of(last_));
}

void Pipeline::check_fp8() const {
  const std::string obstacle =
      transforms::why_no_fp8(placement_.device, placement_.dtype, cuda_card(placement_.device));
  check(obstacle.empty(), Code::kUnavailable, "fp8_dynamic: ", obstacle,
        "; leave it out, or use int8_dynamic");
}

transforms::CallSize Pipeline::call_size(const PictureSize& size) const {
  const int64_t factor = vae_->config().factor();
  const auto side = [&](int64_t pixels) { return (pixels > 0 ? pixels : default_size()) / factor; };
  const bool guided = size.guided && unet_->config().guidance_width == 0;
  return {size.images * (guided ? 2 : 1), side(size.height), side(size.width),
          text_->first().tokenizer.length()};
}

void Pipeline::fit(const PictureSize& size) {
  const transforms::CallSize call = call_size(size);
  if (!compiled() || call == call_) return;
  transforms::fit(networks(), call);
  call_ = call;
}

void Pipeline::lay_out_channels_last() {
  plan_.push_back(transforms::channels_last(networks()));
  channels_last_ = true;
}

void Pipeline::compile() {
  if (!can_record(placement_.device)) fail_without_graphs();
  if (!channels_last_) lay_out_channels_last();
  call_ = call_size({});
  plan_.push_back(transforms::swap_all_conv1x1(networks()));
  if (placement_.device.is_cpu()) plan_.push_back(transforms::pack(networks(), call_));
  plan_.push_back({"prepare_once",
                   "keys and values of the text, and the projections of sizes and times, are "
                   "computed once a picture; guidance and the sampler's update in one pass",
                   0, 0, 0});
  recordings_ = std::make_unique<Recordings>(placement_.device);
  if (placement_.device.is_cpu()) return;
  text_->record_in(*recordings_);
  plan_.push_back({"cuda_graph",
                   "a step, the text encoders and the decoder are each recorded once for a size, "
                   "and replayed without waiting for the device",
                   0, 0, 0});
}

void Pipeline::transform(const Transform& t) {
  check_order(t.kind);
  use_own_stream(placement_.device);
  switch (t.kind) {
    case TransformKind::kMathAttention:
      ops_.attention = kernels::math_attention;
      plan_.push_back({"attention_math", "attention by products, softmax and products", 0, 0, 0});
      break;
    case TransformKind::kFuseQkv:
      plan_.push_back(transforms::fuse_qkv(networks()));
      break;
    case TransformKind::kSwapConv1x1:
      plan_.push_back(transforms::swap_conv1x1(networks(), t.layers));
      break;
    case TransformKind::kInt8Dynamic:
      plan_.push_back(transforms::int8_dynamic(networks(), t.layers, t.scheme));
      break;
    case TransformKind::kFp8Dynamic:
      check_fp8();
      plan_.push_back(transforms::fp8_dynamic(networks(), t.layers));
      break;
    case TransformKind::kChannelsLast:
      lay_out_channels_last();
      break;
    case TransformKind::kCompile:
      compile();
      break;
  }
  last_ = t.kind;
}

Json Pipeline::layers() {
  Json list = Json::array();
  for (const transforms::LayerInfo& layer : transforms::list_layers(networks())) {
    const bool linear = layer.kind == transforms::LayerKind::kLinear;
    list.push_back({{"name", layer.name},
                    {"kind", linear ? "linear" : "conv"},
                    {"in", layer.in},
                    {"out", layer.out},
                    {"kernel", layer.kernel},
                    {"rows", name_of(layer.rows)}});
  }
  return list;
}

Json Pipeline::choose_int8(const Int8Question& q) {
  check_order(TransformKind::kInt8Dynamic);
  const auto choice = transforms::choose_int8(networks(), call_size(q.size), q.scheme, q.compiled);
  Json timings = Json::array();
  for (const auto& t : choice.timings) {
    timings.push_back({{"rows", t.rows},
                       {"in", t.in},
                       {"out", t.out},
                       {"layers", t.layers},
                       {"dense_s", t.dense_seconds},
                       {"int8_s", t.int8_seconds}});
  }
  return {{"layers", choice.layers}, {"timings", timings}};
}

Json Pipeline::plan(Detail detail) const {
  Json entries = Json::array();
  for (const auto& entry : plan_) {
    Json json{{"transform", entry.name},
              {"detail", entry.detail},
              {"changed", entry.changed},
              {"bytes_before", entry.bytes_before},
              {"bytes_after", entry.bytes_after}};
    if (detail == Detail::kLayers) {
      json["layers"] = entry.layers;
      json["skipped"] = Json::array();
      for (const auto& [layer, reason] : entry.skipped) {
        json["skipped"].push_back({{"layer", layer}, {"reason", reason}});
      }
    }
    entries.push_back(json);
  }
  return entries;
}

}  // namespace allaprima::runtime
