// cuDNN's backend descriptors, as its graph API is called through: typed attributes that keep what
// was set. Numbers are those of cuDNN 9's enumerations, whose header need not be here.
#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fake_cudnn {

enum Status {
  kSuccess = 0,
  kNotInitialized = 1001,
  kBadParameter = 2000,
  kNotSupported = 3000,
  kExecutionFailed = 5000
};

enum DescriptorType {
  kPointwise = 0,
  kConvolution = 1,
  kEngine = 2,
  kEngineConfig = 3,
  kEngineHeuristics = 4,
  kPlan = 5,
  kConvolutionForward = 10,
  kOperationPointwise = 13,
  kOperationGraph = 15,
  kVariantPack = 16,
  kTensor = 17,
  kOperationMatmul = 19,
  kOperationReduction = 22,
  kOperationSdpaForward = 41,
  kOperationSoftmax = 45
};

enum AttributeName {
  kPointwiseMode = 0,
  kConvolutionDilations = 102,
  kConvolutionStrides = 103,
  kConvolutionPrePaddings = 105,
  kHeuristicsGraph = 201,
  kHeuristicsResults = 202,
  kConfigEngine = 300,
  kConfigSharedMemory = 304,
  kPlanHandle = 400,
  kPlanConfig = 401,
  kPlanWorkspace = 402,
  kForwardConvolution = 702,
  kForwardW = 703,
  kForwardX = 704,
  kForwardY = 705,
  kPointwiseDescriptor = 750,
  kGraphOperations = 801,
  kGraphEngineCount = 802,
  kTensorType = 901,
  kTensorDimensions = 902,
  kTensorStrides = 903,
  kEngineGraph = 1300,
  kEngineIndex = 1301,
  kMatmulA = 1520,
  kMatmulB = 1521,
  kAttentionQ = 2800,
  kAttentionK = 2801
};

enum AttributeType { kTypeHandle = 0, kTypeInt64 = 3, kTypeInt32 = 23, kTypeDescriptor = 15 };

struct Descriptor;
using Shared = std::shared_ptr<Descriptor>;

struct Attribute {
  int type = 0;
  int64_t count = 0;
  std::vector<char> bytes;
  std::vector<Shared>
      descriptors;  // those set may be destroyed by their maker before they are used
};

struct Descriptor {
  int type;
  bool finalized = false;
  std::map<int, Attribute> attributes;

  template <class T>
  std::vector<T> values(int name) const {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return {};
    std::vector<T> result(found->second.bytes.size() / sizeof(T));
    std::memcpy(result.data(), found->second.bytes.data(), result.size() * sizeof(T));
    return result;
  }
  const std::vector<Shared>& descriptors(int name) const {
    static const std::vector<Shared> none;
    const auto found = attributes.find(name);
    return found == attributes.end() ? none : found->second.descriptors;
  }
  Shared descriptor(int name) const {
    const auto& all = descriptors(name);
    return all.empty() ? nullptr : all.front();
  }
};

/// The name of the node that runs these operations, as in
/// `cudnn convolution bf16 NHWC 2x320x32x32 by 640x320x3x3, stride 1, padding 1`.
std::string graph_name(const Descriptor& operation_graph);

}  // namespace fake_cudnn
