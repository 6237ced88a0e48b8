// SPDX-License-Identifier: Apache-2.0
//
// Waiting inside tasks: what may run on the waiting stack, and what can never end.

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class WaitingTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(WaitingTest);
class ThreadedWaitingTest : public testing::EngineTest {
 protected:
  // What a body waits for runs elsewhere and takes its time; others of its lane are ready.
  void ExpectThatOthersRunElsewhere(int priority) {
    constexpr int kOthers = 50;
    TaskGroup group(*scheduler_);
    absl::Notification entered;
    absl::Notification all_ran;
    thread_local bool waits = false;
    std::atomic<int> ran{0};
    std::atomic<int> on_top{0};
    const auto awaited = group.Submit([&] {
      const BlockingScope blocking;
      entered.Notify();
      all_ran.WaitForNotification();
    });
    entered.WaitForNotification();
    testing::BusyWorkers busy(*scheduler_, threads());
    for (int i = 0; i < GetParam(); ++i) group.Submit([] {});  // taken one by one, not in a batch
    const auto waiting = group.Submit({.priority = priority}, [&] {
      waits = true;
      const absl::Status ended = awaited.Wait();
      waits = false;
      return ended;
    });
    for (int i = 0; i < kOthers; ++i) {
      group.Submit({.priority = priority}, [&] {
        if (waits) ++on_top;
        if (++ran == kOthers) all_ran.Notify();
      });
    }
    busy.LetGo();
    EXPECT_TRUE(waiting.Get().ok()) << waiting.Get();
    EXPECT_EQ(on_top, 0);
  }
};
WEFT_ON_THREADED_ENGINES(ThreadedWaitingTest);

int Fibonacci(TaskGroup& group, int n) {
  if (n < 2) return n;
  const auto left = group.Submit([&group, n] { return Fibonacci(group, n - 1); });
  const int right = Fibonacci(group, n - 2);
  return *left.Get() + right;
}

TEST_P(ThreadedWaitingTest, AGroupIsWaitedForUntilADeadline) {
  TaskGroup group(*scheduler_);
  absl::Notification go;
  group.Submit([&] {
    const BlockingScope blocking;
    go.WaitForNotification();
  });
  const RunSummary early = group.Wait(absl::Now());
  EXPECT_TRUE(absl::IsDeadlineExceeded(early.status)) << early.status;
  EXPECT_EQ(early.under_way, 1);
  go.Notify();
  EXPECT_TRUE(group.Wait(absl::Now() + absl::Seconds(60)).ok());
}

TEST_P(WaitingTest, ForkAndJoinInsideTasks) {
  TaskGroup group(*scheduler_);
  const auto result = group.Submit([&] { return Fibonacci(group, 14); });
  EXPECT_EQ(*result.Get(), 377);
}

TEST_P(WaitingTest, ATaskWaitsForWhatItsTargetNeeds) {
  // target <- middle <- bottom; the waiting task is the only one that has a worker.
  TaskGroup group(*scheduler_);
  const auto waiting = group.Submit([&] {
    const auto bottom = group.Submit([] { return 1; });
    const auto middle = group.Submit([](const int& x) { return x + 1; }, bottom);
    const auto target = group.Submit([](const int& x) { return x + 1; }, middle);
    return *target.Get();
  });
  EXPECT_EQ(*waiting.Get(), 3);
}

TEST_P(WaitingTest, GroupsInsideTasks) {
  TaskGroup group(*scheduler_);
  const auto outer = group.Submit([&] {
    TaskGroup inner(*scheduler_);
    std::atomic<int> sum{0};
    for (int i = 1; i <= 50; ++i) inner.Submit([&sum, i] { sum += i; });
    EXPECT_TRUE(inner.Wait().ok());
    return sum.load();
  });
  EXPECT_EQ(*outer.Get(), 1275);
}

TEST_P(WaitingTest, UnrelatedWorkNeverRunsOnAWaitingStack) {
  // A body that waits while it holds a lock: another body that took the lock on the
  // same stack would lock itself out.
  TaskGroup group(*scheduler_);
  absl::Mutex mu;
  std::atomic<int> reentered{0};
  thread_local bool holds = false;
  for (int i = 0; i < 100; ++i) {
    group.Submit([&] {
      if (holds) ++reentered;
      absl::MutexLock lock(&mu);
      holds = true;
      const auto inner = group.Submit([] {});
      inner.Wait().IgnoreError();
      holds = false;
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(reentered, 0);
}

TEST_P(ThreadedWaitingTest, UnrelatedWorkRunsBesideAWaitThatBlocks) {
  ExpectThatOthersRunElsewhere(/*priority=*/5);
}

// Those without a priority come into the worker's deque together with the body that waits.
TEST_P(ThreadedWaitingTest, WhatLiesInTheDequeBesideAWaitRunsElsewhere) {
  ExpectThatOthersRunElsewhere(/*priority=*/0);
}

TEST_P(WaitingTest, WaitingForOneselfIsAnErrorWithThePath) {
  TaskGroup group(*scheduler_);
  Task<> self;
  absl::Notification known;
  self = *group.Schedule({.id = "self", .function = [&]() -> absl::Status {
                            if (has_threads()) known.WaitForNotification();
                            return self.Wait();
                          }});
  known.Notify();
  const absl::Status waited = self.Wait();
  EXPECT_TRUE(absl::IsFailedPrecondition(waited)) << waited;
  EXPECT_THAT(std::string(waited.message()), HasSubstr("self waits for self"));
}

TEST_P(WaitingTest, WaitingForADependentIsAnErrorWithThePath) {
  TaskGroup group(*scheduler_);
  Task<> dependent;
  absl::Notification known;
  const auto first = *group.Schedule({.id = "first", .function = [&]() -> absl::Status {
                                        if (has_threads()) known.WaitForNotification();
                                        return dependent.Wait();
                                      }});
  dependent = *group.Schedule({.id = "second", .function = [] {}, .dependencies = {first}});
  known.Notify();
  EXPECT_THAT(std::string(first.Wait().message()), HasSubstr("first waits for second -> first"));
  EXPECT_TRUE(absl::IsFailedPrecondition(dependent.Wait()));
  EXPECT_EQ(dependent.state(), TaskState::kSkipped);
}

TEST_P(WaitingTest, TwoTasksThatWaitForEachOtherEndWithAnError) {
  TaskGroup group(*scheduler_);
  Task<> a;
  Task<> b;
  absl::Notification known;
  a = *group.Schedule({.id = "a", .function = [&]() -> absl::Status {
                         if (has_threads()) known.WaitForNotification();
                         return b.Wait();
                       }});
  b = *group.Schedule({.id = "b", .function = [&]() -> absl::Status {
                         if (has_threads()) known.WaitForNotification();
                         return a.Wait();
                       }});
  known.Notify();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.failed, 2);  // one found the circle, the other saw that fail
  EXPECT_THAT(std::string(summary.failures[0].status.message()), HasSubstr("never end"));
}

TEST_P(WaitingTest, WaitingForTheOwnGroupIsAnError) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([&] { return group.Wait().status; });
  EXPECT_TRUE(absl::IsFailedPrecondition(task.Get())) << task.Get();
}

TEST_P(WaitingTest, WaitingInsideForANameWithoutATaskIsAnError) {
  TaskGroup group(*scheduler_);
  const auto stuck = group.Schedule({.id = "stuck", .function = [] {}, .dependencies = {"ghost"}});
  const auto task = group.Submit([&] { return stuck->Wait(); });
  EXPECT_TRUE(absl::IsFailedPrecondition(task.Get()));
  EXPECT_THAT(std::string(task.Get().message()), HasSubstr("'ghost'"));
}

TEST_P(WaitingTest, TooDeepAWaitIsAnErrorNotAnOverflow) {
  std::function<absl::Status(int)> descend;  // before the group: its bodies use it to the end
  TaskGroup group(*scheduler_);
  descend = [&](int levels) -> absl::Status {
    if (levels == 0) return absl::OkStatus();
    return group.Submit([&descend, levels] { return descend(levels - 1); }).Wait();
  };
  // Thieves may take each level to another thread, and 256 may be blocked.
  const int levels = GetParam() > 1 ? 200 : 500;
  const auto deep = group.Submit([&] { return descend(levels); });
  EXPECT_TRUE(deep.Get().ok()) << deep.Get();
  if (GetParam() > 1) return;  // more workers share the depth: no fixed limit to meet
  const auto too_deep = group.Submit([&] { return descend(5000); });
  EXPECT_TRUE(absl::IsResourceExhausted(too_deep.Get())) << too_deep.Get();
}

// The stack of a thread is full long before 1,000 of these are on it.
TEST_P(WaitingTest, BodiesThatNeedMuchStackAreNoOverflow) {
  std::function<absl::Status(int)> descend;
  TaskGroup group(*scheduler_);
  descend = [&](int levels) -> absl::Status {
    std::array<volatile char, 64 << 10> room{};
    room[static_cast<std::size_t>(levels)] = 1;
    if (levels == 0) return absl::OkStatus();
    absl::Status below = group.Submit([&descend, levels] { return descend(levels - 1); }).Wait();
    return room[static_cast<std::size_t>(levels)] == 1 ? below : absl::InternalError("overwritten");
  };
  EXPECT_TRUE(group.Submit([&] { return descend(20); }).Get().ok());
  const auto deep = group.Submit([&] { return descend(5000); });
  // Where there are more workers they share the depth.
  const bool ends = GetParam() > 1 && deep.Get().ok();
  EXPECT_TRUE(ends || absl::IsResourceExhausted(deep.Get())) << deep.Get();
}

TEST_P(WaitingTest, DestroyingAGroupInsideATaskWaitsForItsBodies) {
  TaskGroup group(*scheduler_);
  std::atomic<int> inside{0};
  const auto task = group.Submit([&] {
    int local = 0;  // bodies refer to it: none may run after the destructor
    TaskGroup inner(*scheduler_);
    for (int i = 0; i < 10; ++i) {
      inner.Submit(
          [&] {
            ++inside;
            ++local;
            --inside;
          },
          After());
    }
  });
  EXPECT_TRUE(task.Get().ok());
  EXPECT_EQ(inside, 0);
}

TEST_P(WaitingTest, ATaskMayWaitForAnotherScheduler) {
  const auto other = testing::MakeScheduler(GetParam());
  TaskGroup here(*scheduler_);
  TaskGroup there(*other);
  const auto task = here.Submit([&] { return *there.Submit([] { return 5; }).Get() + 1; });
  EXPECT_EQ(*task.Get(), 6);
}

// A worker of one scheduler is none of another.
TEST_P(WaitingTest, AnotherSchedulersTaskRunsOnAWorkerOfThatOne) {
  const auto other = testing::MakeScheduler(1);
  std::thread::id here;
  std::thread::id there;
  const auto task = scheduler_->Submit([&] {
    here = std::this_thread::get_id();
    return other->Submit([&] { there = std::this_thread::get_id(); }).Get();
  });
  EXPECT_TRUE(task.Get().ok()) << task.Get();
  EXPECT_NE(here, there);
  EXPECT_NE(there, std::thread::id());
}

class CountingHook final : public BlockingHook {
 public:
  void OnBlock() noexcept override {
    if (++blocked == 1) begun.Notify();
  }
  void OnUnblock() noexcept override {}
  int blocked = 0;
  absl::Notification begun;
};

TEST(WaitingOutsideTest, SaysThatItBlocks) {
  const auto scheduler = testing::MakeScheduler(1);
  CountingHook hook;
  const ScopedBlockingHook install(&hook);
  EXPECT_TRUE(scheduler->Submit([&] { hook.begun.WaitForNotification(); }).Wait().ok());
  EXPECT_EQ(hook.blocked, 1);
}

}  // namespace
}  // namespace weft
