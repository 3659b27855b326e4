// The engine thread: order, exceptions, one thread for all callers.
#include "runtime/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
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

TEST(EngineTest, keeps_the_order_of_arrival_of_callers_that_wait) {
  std::promise<void> opened;
  auto open = opened.get_future().share();
  std::vector<int> order;
  std::atomic<int> arrived{0};
  std::vector<std::thread> callers;
  callers.emplace_back([&] { Engine::get().run([&] { ++arrived, open.wait(); }); });
  for (int i = 0; i < 10; ++i) {
    // The engine is blocked: each caller is in the queue before the next one starts.
    while (arrived.load() != 1 || Engine::get().waiting() != static_cast<size_t>(i)) {
      std::this_thread::yield();
    }
    callers.emplace_back([&, i] { Engine::get().run([&order, i] { order.push_back(i); }); });
  }
  while (Engine::get().waiting() != 10) std::this_thread::yield();
  opened.set_value();
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

}  // namespace
}  // namespace allaprima::runtime
