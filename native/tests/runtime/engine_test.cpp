// The engine thread: order, exceptions, one thread for all callers.
#include "runtime/engine.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "base/error.h"

namespace allaprima::runtime {
namespace {

TEST(EngineTest, runs_all_work_on_one_thread_that_is_not_the_callers) {
  std::set<std::thread::id> ids;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        Engine::get().run([&] { ids.insert(std::this_thread::get_id()); });
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(ids.count(std::this_thread::get_id()), 0u);
}

TEST(EngineTest, throws_to_the_caller_and_goes_on) {
  EXPECT_THROW(Engine::get().run([] { fail(Code::kInternal, "planted"); }), Error);
  EXPECT_EQ(Engine::get().run([] { return 7; }), 7);
}

TEST(EngineTest, keeps_the_order_of_arrival) {
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) Engine::get().run([&order, i] { order.push_back(i); });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

}  // namespace
}  // namespace allaprima::runtime
