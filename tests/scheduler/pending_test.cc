// SPDX-License-Identifier: Apache-2.0
//
// GroupOptions::max_pending_tasks: how many tasks of a group may be there and not have ended.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/timed_engine.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

// Counts tasks from their submission to their end.
class Unfinished final : public TaskObserver {
 public:
  void OnEvent(const TaskEvent& event) override {
    absl::MutexLock lock(&mu_);
    if (event.kind == TaskEventKind::kSubmitted) most_ = std::max(most_, ++now_);
    if (event.kind == TaskEventKind::kEnded) --now_;
  }
  int most() const {
    absl::MutexLock lock(&mu_);
    return most_;
  }

 private:
  mutable absl::Mutex mu_;
  int now_ ABSL_GUARDED_BY(mu_) = 0;
  int most_ ABSL_GUARDED_BY(mu_) = 0;
};

class PendingTest : public ::testing::TestWithParam<int> {
 protected:
  std::unique_ptr<TaskScheduler> Make() {
    SchedulerOptions options;
    options.observer = &unfinished_;
    return testing::MakeScheduler(GetParam(), std::move(options));
  }
  static GroupOptions Bounded(std::int64_t most, WhenFull when_full = WhenFull::kBlock) {
    return {.max_pending_tasks = most, .when_full = when_full};
  }

  Unfinished unfinished_;
  std::unique_ptr<TaskScheduler> scheduler_ = Make();
};
WEFT_ON_ALL_ENGINES(PendingTest);
class ThreadedPendingTest : public PendingTest {};
WEFT_ON_THREADED_ENGINES(ThreadedPendingTest);

TEST_P(PendingTest, WhoSubmitsWaitsForRoom) {
  for (const int most : {1, 3, 64}) {
    TaskGroup group(*scheduler_, Bounded(most));
    for (int i = 0; i < 300; ++i) group.Submit([] { std::this_thread::yield(); });
    EXPECT_EQ(group.Wait().completed, 300);
    EXPECT_LE(unfinished_.most(), most);  // the bounds grow
  }
}

TEST_P(PendingTest, SeveralThreadsWaitForRoom) {
  TaskGroup group(*scheduler_, Bounded(2));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&group] {
      for (int i = 0; i < 100; ++i) EXPECT_TRUE(group.Submit([] {}).Wait().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(group.Wait().completed, 400);
  EXPECT_LE(unfinished_.most(), 2);
}

TEST_P(ThreadedPendingTest, AFullGroupRefuses) {
  TaskGroup group(*scheduler_, Bounded(2, WhenFull::kRefuse));
  testing::Gate gate;
  const Task<> first = group.Submit([&gate] { gate.Pass(); });
  gate.AwaitEntered();
  const Task<> second = group.Submit([] {}, After(first));
  const Task<> third = group.Submit([] {});
  EXPECT_EQ(third.Wait().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(third.Wait().message(), HasSubstr("max_pending_tasks"));
  gate.Open();
  EXPECT_TRUE(second.Wait().ok());
  group.Wait();
  EXPECT_TRUE(group.Submit([] {}).Wait().ok());
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 3);
  EXPECT_EQ(summary.refused, 1);
}

TEST_P(PendingTest, WhatATaskSubmitsIsTaken) {
  TaskGroup group(*scheduler_, Bounded(1));
  group.Submit([&group] {
    for (int i = 0; i < 10; ++i) group.Submit([] {});
  });
  EXPECT_EQ(group.Wait().completed, 11);
}

TEST_P(PendingTest, WhatATaskSubmitsIsRefusedWhereAllIs) {
  TaskGroup group(*scheduler_, Bounded(1, WhenFull::kRefuse));
  group.Submit([&group] {
    EXPECT_EQ(group.Submit([] {}).Wait().code(), absl::StatusCode::kResourceExhausted);
  });
  EXPECT_EQ(group.Wait().refused, 1);
}

TEST_P(PendingTest, WhereNothingCanEndIsNoWait) {
  TaskGroup group(*scheduler_, Bounded(2));
  for (const char* const id : {"a", "b"}) {
    EXPECT_TRUE(group.Schedule({.id = id, .function = [] {}, .dependencies = {"never"}}).ok());
  }
  const Task<> refused = group.Submit([] {});
  EXPECT_EQ(refused.Wait().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.Wait().message(), HasSubstr("names that nobody has submitted"));
  EXPECT_EQ(group.Wait().pending, 2);
}

TEST_P(PendingTest, ABatchComesInWhole) {
  TaskGroup group(*scheduler_, Bounded(5));
  const auto batch = [](int count) {
    std::vector<TaskDefinition> definitions;
    for (int i = 0; i < count; ++i) definitions.push_back({.function = [] {}});
    return definitions;
  };
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(group.ScheduleBatch(batch(1 + i % 5)).ok());
  EXPECT_EQ(group.ScheduleBatch(batch(6)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(group.Wait().completed, 60);
  EXPECT_LE(unfinished_.most(), 5);
}

TEST_P(PendingTest, AnEmptyBatchNeedsNoRoom) {
  TaskGroup group(*scheduler_, Bounded(1));
  group.Submit([&group] {
    group.Submit([] {});  // beyond the bound, for a task never waits
    EXPECT_TRUE(group.ScheduleBatch({}).ok());
  });
  EXPECT_TRUE(group.ScheduleBatch({}).ok());
  EXPECT_EQ(group.Wait().completed, 2);
}

// A destructor that submits, on the thread that the room must come from.
TEST_P(ThreadedPendingTest, AThreadForTimersNeverWaits) {
  VirtualClock clock;
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock);
  TaskGroup group(*scheduler, Bounded(1));
  absl::Notification failed;
  absl::Notification submitted;
  TaskOptions again;
  again.retry = {.max_attempts = 2, .base = absl::Seconds(10), .jitter = Jitter::kNone};
  const Task<> parked = group.Submit(again, [&failed](TaskContext& context) {
    if (context.attempt() == 2) return absl::OkStatus();
    failed.Notify();
    return absl::UnavailableError("");
  });
  failed.WaitForNotification();
  absl::Notification open;
  const Task<> gate = scheduler->Submit([&open] {
    const BlockingScope blocking;
    open.WaitForNotification();
  });
  TaskOptions late;
  late.timeout = absl::Seconds(1);
  std::shared_ptr<void> at_end(nullptr, [&group, &submitted](void*) {
    group.Submit([] {});
    submitted.Notify();
  });
  scheduler->root().Detach(
      late, [kept = at_end] {}, After(gate));
  at_end.reset();
  clock.Advance(absl::Seconds(2));
  submitted.WaitForNotification();
  while (parked.state() != TaskState::kCompleted) {
    clock.Advance(absl::Seconds(10));
    std::this_thread::yield();
  }
  open.Notify();
  EXPECT_TRUE(gate.Wait().ok());  // it has done with what goes now
  EXPECT_EQ(group.Wait().completed, 2);
}

TEST_P(PendingTest, WhatIsRefusedForAnotherReasonTakesNoRoom) {
  TaskGroup group(*scheduler_, Bounded(1));
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(group.Submit({.cost = -1}, [] {}).Wait().ok());
    EXPECT_FALSE(group.Schedule({.dependencies = {"name"}}).ok());
  }
  EXPECT_TRUE(group.Submit([] {}).Wait().ok());
  group.Seal();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(group.Submit([] {}).Wait().code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(group.Wait().completed, 1);
}

TEST_P(ThreadedPendingTest, ACancelLetsWhoWaitsGo) {
  TaskGroup group(*scheduler_, Bounded(1));
  testing::Gate gate;
  group.Submit([&gate] { gate.Pass(); });
  gate.AwaitEntered();
  std::thread submitter(
      [&group] { EXPECT_EQ(group.Submit([] {}).Wait().code(), absl::StatusCode::kCancelled); });
  group.Cancel(absl::CancelledError("enough"));
  gate.Open();
  submitter.join();
  EXPECT_EQ(group.Wait().completed, 1);
}

}  // namespace
}  // namespace weft
