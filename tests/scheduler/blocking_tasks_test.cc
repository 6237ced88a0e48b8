// SPDX-License-Identifier: Apache-2.0
//
// TaskOptions::blocking: bodies that wait for something other than a processor.

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/timed_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

TaskOptions Blocking(int priority = 0) { return {.priority = priority, .blocking = true}; }

class BlockingTasksTest : public ::testing::TestWithParam<int> {
 protected:
  static std::unique_ptr<TaskScheduler> Make(int threads, SchedulerOptions options = {}) {
    options.blocking_threads = threads;
    return testing::MakeScheduler(GetParam(), std::move(options));
  }
};
WEFT_ON_ALL_ENGINES(BlockingTasksTest);
class ThreadedBlockingTasksTest : public BlockingTasksTest {};
WEFT_ON_THREADED_ENGINES(ThreadedBlockingTasksTest);

TEST_P(ThreadedBlockingTasksTest, AsManyBlockAtOnceAsAreAllowedAndWorkersGoOn) {
  const auto scheduler = Make(10);
  TaskGroup group(*scheduler);
  auto* const barrier = new absl::Barrier(10);
  std::atomic<int> met{0};
  for (int i = 0; i < 10; ++i) {
    group.Submit(Blocking(), [barrier, &met] {
      if (barrier->Block()) delete barrier;
      ++met;
    });
  }
  EXPECT_EQ(group.Wait().completed, 10);
  EXPECT_EQ(met, 10);
}

TEST_P(BlockingTasksTest, NoMoreThanThatAtOnce) {
  const auto scheduler = Make(3);
  TaskGroup group(*scheduler);
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  for (int i = 0; i < 200; ++i) {
    group.Submit(Blocking(), [&now, &most] {
      const int mine = ++now;
      int seen = most;
      while (seen < mine && !most.compare_exchange_weak(seen, mine)) {
      }
      std::this_thread::yield();
      --now;
    });
  }
  EXPECT_EQ(group.Wait().completed, 200);
  EXPECT_LE(most, 3);
}

TEST_P(BlockingTasksTest, ValuesAndErrorsAreThoseOfOtherTasks) {
  const auto scheduler = Make(2);
  TaskGroup group(*scheduler);
  for (int i = 0; i < 100; ++i) {
    const auto text = group.Submit(Blocking(), [i] { return std::to_string(i); });
    const auto number = group.Submit([](const std::string& read) { return std::stoi(read); }, text);
    const auto thrown = group.Submit(
        Blocking(), [](int) -> int { throw std::runtime_error("thrown"); }, number);
    const auto last = group.Submit(
        Blocking(), [](const absl::StatusOr<int>& outcome) { return outcome.ok(); }, thrown);
    EXPECT_EQ(number.Get().value_or(-1), i);
    EXPECT_FALSE(last.Get().value_or(true));
    EXPECT_THAT(thrown.Get().status().message(), HasSubstr("thrown"));
  }
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 300);
  EXPECT_EQ(summary.failed, 100);
}

TEST_P(BlockingTasksTest, WhatABodySubmitsAndWaitsForRuns) {
  const auto scheduler = Make(1);
  TaskGroup group(*scheduler);
  std::function<int(int)> deep = [&](int depth) -> int {
    if (depth == 0) return 0;
    const auto plain = group.Submit([] { return 1; });
    const auto inner = group.Submit(
        Blocking(depth % 3), [&deep, depth] { return deep(depth - 1); }, After(plain));
    return plain.Get().value_or(-1000) + inner.Get().value_or(-1000);
  };
  std::vector<Task<int>> tops;
  for (int i = 0; i < 4; ++i) {
    tops.push_back(group.Submit(Blocking(), [&deep] { return deep(12); }));
  }
  for (const Task<int>& top : tops) EXPECT_EQ(top.Get().value_or(-1), 12);
  EXPECT_EQ(group.Wait().completed, 4 + 4 * 2 * 12);
}

TEST_P(BlockingTasksTest, AWorkersBodyWaitsForThem) {
  const auto scheduler = Make(1);
  TaskGroup group(*scheduler);
  for (int i = 0; i < 20; ++i) {
    group.Submit([&group]() -> absl::Status { return group.Submit(Blocking(), [] {}).Wait(); });
  }
  EXPECT_EQ(group.Wait().completed, 40);
}

TEST_P(ThreadedBlockingTasksTest, CancelledBeforeItsTurnItDoesNotRun) {
  const auto scheduler = Make(1);
  TaskGroup group(*scheduler);
  testing::Gate gate;
  group.Submit(Blocking(), [&gate] { gate.Pass(); });
  gate.AwaitEntered();
  std::atomic<bool> ran{false};
  const Task<> waits = group.Submit(Blocking(), [&ran] { ran = true; });
  waits.Cancel();
  TaskGroup other(*scheduler);
  other.Submit(Blocking(), [&ran] { ran = true; });
  other.Cancel(absl::CancelledError("enough"));
  gate.Open();
  EXPECT_EQ(waits.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(other.Wait().cancelled, 1);
  EXPECT_EQ(group.Wait().completed, 1);
  EXPECT_FALSE(ran);
}

TEST_P(ThreadedBlockingTasksTest, ItsTokenIsCancelled) {
  const auto scheduler = Make(1);
  testing::Gate gate;
  const Task<> task = scheduler->Submit(Blocking(), [&gate](TaskContext& context) -> absl::Status {
    gate.Pass();
    return context.cancelled() ? absl::CancelledError("asked to") : absl::OkStatus();
  });
  gate.AwaitEntered();
  task.Cancel();
  gate.Open();
  EXPECT_EQ(task.Wait(), absl::CancelledError("asked to"));
}

TEST_P(BlockingTasksTest, ItIsTriedAgainAndItsDeadlineEndsIt) {
  VirtualClock clock;
  SchedulerOptions options;
  options.blocking_threads = 2;
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock, std::move(options));
  TaskGroup group(*scheduler);
  TaskOptions again = Blocking();
  again.retry = {.max_attempts = 3, .base = absl::Seconds(1)};
  TaskOptions late = again;
  late.retry.max_attempts = 1000;
  late.timeout = absl::Minutes(1);
  std::vector<Task<>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(group.Submit(again, [](TaskContext& context) {
      return context.attempt() < 3 ? absl::UnavailableError("") : absl::OkStatus();
    }));
  }
  const Task<> never = group.Submit(late, [] { return absl::UnavailableError("never"); });
  {
    std::unique_ptr<testing::MovingClock> moving;
    if (GetParam() >= 0) moving = std::make_unique<testing::MovingClock>(clock);
    group.Wait();
  }
  for (const Task<>& task : tasks) {
    EXPECT_TRUE(task.Wait().ok());
    EXPECT_EQ(task.result().attempts, 3);
  }
  EXPECT_FALSE(never.Wait().ok());
}

// Those on threads of the pool are in flight, too.
class Running final : public TaskObserver {
 public:
  void OnEvent(const TaskEvent& event) override {
    if (event.kind == TaskEventKind::kStarted) {
      const int now = ++now_;
      for (int seen = most_; seen < now && !most_.compare_exchange_weak(seen, now);) {
      }
    }
    if (event.kind == TaskEventKind::kEnded && event.state == TaskState::kCompleted) --now_;
  }
  int most() const { return most_; }

 private:
  std::atomic<int> now_{0};
  std::atomic<int> most_{0};
};

TEST_P(BlockingTasksTest, TheyAreInFlight) {
  Running running;
  SchedulerOptions options;
  options.observer = &running;
  options.config.max_tasks_in_flight = 2;
  const auto scheduler = Make(8, std::move(options));
  TaskGroup group(*scheduler);
  for (int i = 0; i < 200; ++i) {
    group.Submit({.blocking = i % 2 == 0}, [] { std::this_thread::yield(); });
  }
  EXPECT_EQ(group.Wait().completed, 200);
  EXPECT_LE(running.most(), 2);
}

TEST_P(BlockingTasksTest, OneThatWaitsForTasksIsNotInFlight) {
  SchedulerOptions options;
  options.config.max_tasks_in_flight = 1;
  const auto scheduler = Make(8, std::move(options));
  TaskGroup group(*scheduler);
  group.Submit(Blocking(), [&group] {
    const Task<> first = group.Submit({.priority = 5}, [] {});
    return group
        .Submit(
            {.priority = 5}, [] {}, After(first))
        .Wait();
  });
  EXPECT_EQ(group.Wait().completed, 3);
}

// What ends while it waits for a thread takes no place.
TEST_P(ThreadedBlockingTasksTest, OneThatHasEndedIsNotInFlight) {
  VirtualClock clock;
  SchedulerOptions options;
  options.config.max_tasks_in_flight = 2;
  options.blocking_threads = 1;
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock, std::move(options));
  TaskGroup group(*scheduler);
  testing::Gate gate;
  group.Submit(Blocking(), [&gate] { gate.Pass(); });
  gate.AwaitEntered();
  TaskOptions late = Blocking();
  late.timeout = absl::Seconds(1);
  const Task<> ends = group.Submit(late, [] {});
  clock.Advance(absl::Seconds(2));
  EXPECT_EQ(ends.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(group.Submit([] {}).Wait().ok());
  gate.Open();
  EXPECT_EQ(group.Wait().completed, 2);
}

TEST_P(BlockingTasksTest, WithoutStealingAChainThatItSubmitsRuns) {
  SchedulerOptions options;
  options.config.enable_work_stealing = false;
  const auto scheduler = Make(2, std::move(options));
  TaskGroup group(*scheduler);
  group.Submit(Blocking(), [&group] {
    const Task<> first = group.Submit([] {});
    const Task<> second = group.Submit([] {}, After(first));
    EXPECT_TRUE(group.Submit([] {}, After(second)).Wait().ok());
  });
  EXPECT_EQ(group.Wait().completed, 4);
}

TEST_P(ThreadedBlockingTasksTest, WithoutStealingWhatItSubmitsRunsWhileItBlocks) {
  SchedulerOptions options;
  options.config.enable_work_stealing = false;
  const auto scheduler = Make(2, std::move(options));
  TaskGroup group(*scheduler);
  group.Submit(Blocking(), [&group] {
    absl::Notification ran;
    group.Submit([&ran] { ran.Notify(); });
    ran.WaitForNotification();
  });
  EXPECT_EQ(group.Wait().completed, 2);
}

TEST_P(BlockingTasksTest, TheyHoldResources) {
  SchedulerOptions options;
  options.resources = {{.name = "licence", .units = 2}};
  const auto scheduler = Make(8, std::move(options));
  TaskGroup group(*scheduler);
  std::atomic<int> now{0};
  TaskOptions needs = Blocking();
  needs.resources = {{.name = "licence"}};
  for (int i = 0; i < 100; ++i) {
    group.Submit(needs, [&now] {
      EXPECT_LE(++now, 2);
      std::this_thread::yield();
      --now;
    });
  }
  EXPECT_EQ(group.Wait().completed, 100);
  EXPECT_EQ(scheduler->resource_figures("licence")->in_use, 0);
}

TEST_P(BlockingTasksTest, ADestroyedSchedulerLeavesNone) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> ran{0};
    {
      const auto scheduler = Make(2);
      for (int i = 0; i < 20; ++i) scheduler->root().Detach(Blocking(), [&ran] { ++ran; });
    }
    EXPECT_LE(ran, 20);
  }
}

TEST(BlockingThreadsTest, TheNumberIsChecked) {
  for (const int threads : {0, -1, 1025}) {
    SchedulerOptions options;
    options.blocking_threads = threads;
    const absl::Status status = TaskScheduler::Create(std::move(options)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("blocking_threads: " + std::to_string(threads)));
  }
}

}  // namespace
}  // namespace weft
