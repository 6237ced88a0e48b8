// SPDX-License-Identifier: Apache-2.0
//
// TaskOptions::memory_bytes and ParallelProcessingConfig::max_memory_percent.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/timed_engine.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

constexpr std::int64_t kLimit = 1000;  // 750 for tasks

class MemoryBoundTest : public ::testing::TestWithParam<int> {
 protected:
  std::unique_ptr<TaskScheduler> Make() {
    SchedulerOptions options;
    options.read_memory = [this]() -> absl::StatusOr<MemoryReading> {
      ++readings_;
      if (broken_) return absl::UnavailableError("cannot be read");
      return MemoryReading{.limit_bytes = kLimit, .used_bytes = used_};
    };
    return testing::MakeScheduler(GetParam(), std::move(options));
  }
  // Runs so many tasks of so many bytes; how many were under way at once.
  int MostOf(TaskScheduler& scheduler, int tasks, std::int64_t bytes) {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    TaskGroup group(scheduler);
    TaskOptions options;
    options.memory_bytes = bytes;
    for (int i = 0; i < tasks; ++i) {
      group.Submit(options, [&now, &most] {
        const int mine = ++now;
        int seen = most;
        while (seen < mine && !most.compare_exchange_weak(seen, mine)) {
        }
        std::this_thread::yield();
        --now;
      });
    }
    EXPECT_EQ(group.Wait().completed, tasks);
    EXPECT_EQ(scheduler.memory_figures().declared.in_use, 0);
    return most;
  }

  std::atomic<int> readings_{0};
  std::atomic<std::int64_t> used_{0};
  std::atomic<bool> broken_{false};
};
WEFT_ON_ALL_ENGINES(MemoryBoundTest);

// Without threads nobody looks for tasks that declare nothing: they go one by one in any case.
class ThreadedMemoryBoundTest : public MemoryBoundTest {};
WEFT_ON_THREADED_ENGINES(ThreadedMemoryBoundTest);
// Two bodies can be under way.
class TwoMemoryBoundTest : public MemoryBoundTest {};
INSTANTIATE_TEST_SUITE_P(Engines, TwoMemoryBoundTest, ::testing::Values(2, 8, testing::kPool + 2),
                         testing::EngineName);

TEST_P(MemoryBoundTest, AsManyAsFitIntoTheShare) {
  const auto scheduler = Make();
  EXPECT_LE(MostOf(*scheduler, 300, 300), 2);
  EXPECT_LE(scheduler->memory_figures().declared.peak, 750);
  EXPECT_EQ(scheduler->memory_figures().declared.limit, 750);
  EXPECT_EQ(scheduler->memory_figures().limit_bytes, kLimit);
}

// How often nobody looks while bodies are short must not matter when they are long.
TEST(MemoryLooksTest, LongBodiesAfterShortOnesAreSoonLookedAt) {
  VirtualClock clock;
  std::atomic<int> readings{0};
  SchedulerOptions options;
  options.read_memory = [&readings]() -> absl::StatusOr<MemoryReading> {
    ++readings;
    return MemoryReading{.limit_bytes = kLimit, .used_bytes = 0};
  };
  const auto scheduler = testing::MakeVirtualScheduler(1, clock, std::move(options));
  testing::Gate gate;
  TaskGroup group(*scheduler);
  group.Submit([&gate] { gate.Pass(); });
  gate.AwaitEntered();  // one pump runs them all
  for (int i = 0; i < 3000; ++i) group.Submit([] {});
  int before = -1;
  for (int i = 0; i < 1000; ++i) {
    group.Submit([&] {
      if (before < 0) before = readings;
      clock.Advance(absl::Milliseconds(200));
    });
  }
  gate.Open();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_GE(readings - before, 500);
}

TEST_P(MemoryBoundTest, OneThatIsTooBigRunsAlone) {
  const auto scheduler = Make();
  EXPECT_EQ(MostOf(*scheduler, 50, 5000), 1);
}

TEST_P(MemoryBoundTest, OneByOneWhileTooMuchIsInUse) {
  used_ = 900;
  const auto scheduler = Make();
  EXPECT_EQ(MostOf(*scheduler, 300, 1), 1);
  EXPECT_GE(scheduler->memory_figures().closings, 1);
}

TEST_P(TwoMemoryBoundTest, WhoWaitsAtTheClosedGateGoesOnWhenMemoryIsFree) {
  used_ = 900;
  const auto scheduler = Make();
  TaskGroup group(*scheduler);
  testing::Gate gate;
  TaskOptions options;
  options.memory_bytes = 10;
  group.Submit(options, [&gate] { gate.Pass(); });
  gate.AwaitEntered();
  EXPECT_EQ(scheduler->memory_figures().closings, 1);
  const Task<> waits = group.Submit(options, [] {});
  EXPECT_EQ(waits.state(), TaskState::kReady);
  used_ = 100;  // nobody but the timer looks
  EXPECT_TRUE(waits.Wait().ok());
  gate.Open();
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(MemoryBoundTest, WhatCannotBeReadBoundsNothing) {
  broken_ = true;
  const auto scheduler = Make();
  MostOf(*scheduler, 100, 5000);
  const MemoryFigures figures = scheduler->memory_figures();
  EXPECT_GE(figures.failed_readings, 1);
  EXPECT_EQ(figures.readings, 0);
  EXPECT_EQ(figures.last_error, absl::UnavailableError("cannot be read"));
}

TEST_P(MemoryBoundTest, ABodyThatWaitsLetsOneOfThoseGoOnThatItWaitsFor) {
  used_ = 900;
  const auto scheduler = Make();
  TaskGroup group(*scheduler);
  TaskOptions options;
  options.memory_bytes = 600;
  for (int i = 0; i < 10; ++i) {
    group.Submit(options, [&group, &options]() -> absl::Status {
      return group.Submit(options, [] {}).Wait();
    });
  }
  EXPECT_EQ(group.Wait().completed, 20);
  EXPECT_EQ(scheduler->memory_figures().declared.in_use, 0);
}

TEST_P(MemoryBoundTest, BodiesThatBlockGoOneByOneToo) {
  used_ = 900;
  const auto scheduler = Make();
  TaskOptions declares;
  declares.memory_bytes = 1;
  EXPECT_TRUE(scheduler->Submit(declares, [] {}).Wait().ok());
  EXPECT_EQ(scheduler->memory_figures().closings, 1);
  TaskGroup group(*scheduler);
  std::atomic<int> now{0};
  for (int i = 0; i < 100; ++i) {
    group.Submit({.blocking = i % 2 == 0}, [&now] {
      EXPECT_EQ(++now, 1);
      std::this_thread::yield();
      --now;
    });
  }
  EXPECT_EQ(group.Wait().completed, 100);
}

TEST_P(ThreadedMemoryBoundTest, AlongAChainSomebodyLooks) {
  VirtualClock clock;
  SchedulerOptions options;
  options.read_memory = [this]() -> absl::StatusOr<MemoryReading> {
    ++readings_;
    return MemoryReading{.limit_bytes = kLimit, .used_bytes = 0};
  };
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock, std::move(options));
  TaskGroup group(*scheduler);
  Task<> last = group.Submit([] {});
  for (int i = 0; i < 100; ++i) {
    last = group.Submit([&clock] { clock.Advance(absl::Milliseconds(100)); }, After(last));
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_GE(readings_, 50);
}

// From 50 ms on somebody looks now and then.
TEST_P(TwoMemoryBoundTest, WhoDeclaresNothingGoesOneByOneToo) {
  used_ = 900;
  const auto scheduler = Make();
  TaskGroup group(*scheduler);
  while (readings_ == 0) group.Submit([] {}).Wait().IgnoreError();
  const std::int64_t before = group.Wait().completed;
  EXPECT_EQ(scheduler->memory_figures().closings, 1);
  std::atomic<int> now{0};
  for (int i = 0; i < 1000; ++i) {
    group.Submit([&now] {
      EXPECT_EQ(++now, 1);
      std::this_thread::yield();
      --now;
    });
  }
  EXPECT_EQ(group.Wait().completed, before + 1000);
  used_ = 100;
  testing::Gate first;
  testing::Gate second;
  // Both run at once when somebody has looked again.
  group.Submit([&first] { first.Pass(); });
  group.Submit([&second] { second.Pass(); });
  first.AwaitEntered();
  second.AwaitEntered();
  first.Open();
  second.Open();
  EXPECT_TRUE(group.Wait().ok());
}

}  // namespace
}  // namespace weft
