// Bands do not change what is computed, and a run can be stopped between them.
#include "networks/upsample_conv.h"

#include <gtest/gtest.h>

namespace allaprima::networks {
namespace {

struct Fill : nn::Visitor {
  void on_tensor(const std::string&, Tensor& tensor, at::IntArrayRef shape) override {
    tensor = at::randn(shape);
  }
};

class UpsampleConvTest : public testing::Test {
 protected:
  UpsampleConvTest() {
    at::manual_seed(1);
    Fill fill;
    conv_.visit(fill);
    x_ = at::randn({2, 8, 7, 5});
  }

  const c10::InferenceMode inference_;
  StopFlag stop_;
  const nn::Forward f_{kernels::plain_ops(), stop_};
  nn::Conv2d conv_{{8, 6, 3}};
  Tensor x_;
};

TEST_F(UpsampleConvTest, bands_give_the_numbers_of_the_whole) {
  const Tensor whole = conv_.forward(at::upsample_nearest2d(x_, {14, 10}));
  const double row = 2.0 * 8 * 6 * 9 * 2 * 4 * 5;  // operations for one row of x, batch of two
  for (const double rows : {0.5, 1.0, 2.0, 3.0, 6.0, 7.0}) {
    const Tensor banded = upsample_conv(f_, conv_, x_, rows * row);
    ASSERT_EQ(banded.sizes(), whole.sizes()) << rows;
    EXPECT_LT((banded - whole).abs().max().item<double>(), 1e-5) << rows;
  }
}

TEST_F(UpsampleConvTest, a_stop_ends_it) {
  stop_.request();
  EXPECT_THROW(upsample_conv(f_, conv_, x_, 1.0), Error);
  EXPECT_THROW(upsample_conv(f_, conv_, x_), Error);
}

}  // namespace
}  // namespace allaprima::networks
