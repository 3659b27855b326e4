// What an operation graph is called among the nodes.
#include "backend.h"

namespace fake_cudnn {
namespace {

std::string type_name(const Descriptor& tensor) {
  const auto types = tensor.values<int>(kTensorType);
  switch (types.empty() ? -1 : types[0]) {
    case 0:
      return "fp32";
    case 1:
      return "fp64";
    case 2:
      return "fp16";
    case 3:
      return "int8";
    case 4:
      return "int32";
    case 9:
      return "bf16";
    case 12:
      return "e4m3";
    case 13:
      return "e5m2";
    default:
      return "other";
  }
}

std::string joined(const std::vector<int64_t>& numbers) {
  std::string result;
  for (const int64_t number : numbers) {
    result += (result.empty() ? "" : "x") + std::to_string(number);
  }
  return result;
}

/// One number if all are the same.
std::string each(const std::vector<int64_t>& numbers) {
  for (const int64_t number : numbers) {
    if (number != numbers[0]) return joined(numbers);
  }
  return numbers.empty() ? "none" : std::to_string(numbers[0]);
}

std::string shape(const Descriptor& tensor) {
  return joined(tensor.values<int64_t>(kTensorDimensions));
}

/// Where the channels lie. Of one channel, or one pixel, both are true.
std::string layout(const Descriptor& tensor) {
  const auto size = tensor.values<int64_t>(kTensorDimensions);
  const auto stride = tensor.values<int64_t>(kTensorStrides);
  if (size.size() != 4 || stride.size() != 4) return "of other rank";
  if (stride[1] == 1 && stride[3] == size[1] && stride[2] == size[1] * size[3]) return "NHWC";
  if (stride[3] == 1 && stride[2] == size[3]) return "NCHW";
  return "strided";
}

std::string convolution_name(const Descriptor& operation) {
  const Shared x = operation.descriptor(kForwardX);
  const Shared w = operation.descriptor(kForwardW);
  const Shared y = operation.descriptor(kForwardY);
  const Shared how = operation.descriptor(kForwardConvolution);
  if (!x || !w || !y || !how) return "convolution without its tensors";
  std::string name = "convolution " + type_name(*x) + " " + layout(*x);
  if (layout(*w) != layout(*x)) name += " (weights " + layout(*w) + ")";
  if (layout(*y) != layout(*x)) name += " (output " + layout(*y) + ")";
  name += " " + shape(*x) + " by " + shape(*w);
  name += ", stride " + each(how->values<int64_t>(kConvolutionStrides));
  name += ", padding " + each(how->values<int64_t>(kConvolutionPrePaddings));
  const std::string dilation = each(how->values<int64_t>(kConvolutionDilations));
  return dilation == "1" ? name : name + ", dilation " + dilation;
}

std::string pointwise_name(const Descriptor& operation) {
  static const std::map<int, const char*> kModes = {
      {0, "add"},       {1, "mul"},    {3, "max"},     {6, "div"},
      {9, "sub"},       {13, "exp"},   {14, "log"},    {100, "relu"},
      {102, "sigmoid"}, {104, "gelu"}, {106, "swish"}, {107, "gelu tanh"}};
  const Shared how = operation.descriptor(kPointwiseDescriptor);
  const auto modes = how ? how->values<int>(kPointwiseMode) : std::vector<int>();
  const auto found = modes.empty() ? kModes.end() : kModes.find(modes[0]);
  return found == kModes.end() ? "pointwise" : found->second;
}

std::string operation_name(const Descriptor& operation) {
  switch (operation.type) {
    case kConvolutionForward:
      return convolution_name(operation);
    case kOperationPointwise:
      return pointwise_name(operation);
    case kOperationMatmul: {
      const Shared a = operation.descriptor(kMatmulA);
      const Shared b = operation.descriptor(kMatmulB);
      if (!a || !b) return "matmul";
      return "matmul " + type_name(*a) + " " + shape(*a) + " by " + shape(*b);
    }
    case kOperationReduction:
      return "reduction";
    case kOperationSoftmax:
      return "softmax";
    case kOperationSdpaForward: {
      const Shared q = operation.descriptor(kAttentionQ);
      const Shared k = operation.descriptor(kAttentionK);
      if (!q || !k) return "attention";
      return "attention " + type_name(*q) + " " + shape(*q) + " by " + shape(*k);
    }
    default:
      return "operation " + std::to_string(operation.type);
  }
}

}  // namespace

std::string graph_name(const Descriptor& operation_graph) {
  std::string name = "cudnn ";
  const auto& operations = operation_graph.descriptors(kGraphOperations);
  for (size_t i = 0; i < operations.size(); ++i) {
    name += (i == 0 ? "" : ", ") + operation_name(*operations[i]);
  }
  return name;
}

}  // namespace fake_cudnn
