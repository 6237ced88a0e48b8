// SPDX-License-Identifier: Apache-2.0
//
// Whether ready tasks stay with the worker that made them ready.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

std::unique_ptr<TaskScheduler> Make(int workers, bool stealing) {
  SchedulerOptions options;
  options.config.enable_work_stealing = stealing;
  return testing::MakeScheduler(workers, std::move(options));
}

// Where bodies ran.
class Slots {
 public:
  void Add(const TaskContext& context) {
    std::lock_guard lock(mu_);
    slots_.insert(context.worker());
  }
  std::size_t size() const {
    std::lock_guard lock(mu_);
    return slots_.size();
  }

 private:
  mutable std::mutex mu_;
  std::set<int> slots_;  // guarded by mu_
};

class StealingTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Workers, StealingTest, ::testing::Values(1, 2, 8));

TEST_P(StealingTest, WithoutItATreeStaysWhereItsRootRan) {
  const auto scheduler = Make(GetParam(), false);
  Slots slots;
  TaskGroup group(*scheduler);
  std::function<void(TaskContext&, int)> grow = [&](TaskContext& context, int levels) {
    slots.Add(context);
    for (int i = 0; levels > 0 && i < 2; ++i) {
      group.Submit([&grow, levels](TaskContext& inner) { grow(inner, levels - 1); });
    }
  };
  group.Submit([&](TaskContext& context) { grow(context, 10); });
  EXPECT_EQ(group.Wait().completed, 2047);
  EXPECT_EQ(slots.size(), 1u);
}

// With it, a second worker comes for what the first cannot run: else this never ends.
TEST(StealingOnTest, ABusyWorkersTasksAreTaken) {
  const auto scheduler = Make(2, true);
  absl::Notification other_ran;
  const auto task = scheduler->Submit([&] {
    const auto other = scheduler->Submit([&] { other_ran.Notify(); });
    other_ran.WaitForNotification();  // says nothing to the scheduler
  });
  EXPECT_TRUE(task.Get().ok());
}

TEST_P(StealingTest, WithoutItABlockedWorkerLeavesItsTasksToOthers) {
  const auto scheduler = Make(GetParam(), false);
  absl::Notification other_ran;
  const auto task = scheduler->Submit([&] {
    const auto other = scheduler->Submit([&] { other_ran.Notify(); });
    const BlockingScope blocking;
    other_ran.WaitForNotification();
  });
  EXPECT_TRUE(task.Get().ok());
}

TEST_P(StealingTest, WithoutItWaitsInsideTasksEnd) {
  const auto scheduler = Make(GetParam(), false);
  std::function<int(int)> fibonacci = [&](int n) -> int {
    if (n < 2) return n;
    const auto left = scheduler->Submit([&fibonacci, n] { return fibonacci(n - 1); });
    const int right = fibonacci(n - 2);
    return *left.Get() + right;
  };
  EXPECT_EQ(*scheduler->Submit([&] { return fibonacci(14); }).Get(), 377);
}

TEST_P(StealingTest, WithoutItGraphsRun) {
  const auto scheduler = Make(GetParam(), false);
  TaskGraph graph;
  std::atomic<int> ran{0};
  const TaskGraph::Node first = graph.Add([&] { ++ran; });
  const TaskGraph::Node last = graph.Add([&] { ++ran; });
  for (int i = 0; i < 1000; ++i) {
    TaskGraph::Node middle = graph.Add([&] { ++ran; });
    middle.After(first).Before(last);
  }
  for (int run = 1; run <= 10; ++run) {
    EXPECT_TRUE(scheduler->Run(graph).ok());
    EXPECT_EQ(ran, 1002 * run);
  }
}

}  // namespace
}  // namespace weft
