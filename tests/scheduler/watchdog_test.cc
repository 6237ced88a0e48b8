// SPDX-License-Identifier: Apache-2.0
//
// A watchdog tells when nothing ends any more, once, and keeps still otherwise.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/names.h"
#include "testing/timed_engine.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::OnName;

constexpr absl::Duration kAfter = absl::Minutes(1);

class WatchdogTest : public ::testing::TestWithParam<int> {
 protected:
  std::unique_ptr<TaskScheduler> Watched(std::function<void(const StuckReport&)> report) {
    SchedulerOptions options;
    options.watchdog = {.after = kAfter, .report = std::move(report)};
    return testing::MakeVirtualScheduler(GetParam(), clock_, std::move(options));
  }
  std::unique_ptr<TaskScheduler> Watched() {
    return Watched([this](const StuckReport& report) {
      absl::MutexLock lock(&mu_);
      reports_.push_back(report);
    });
  }
  // While the clock moves on.
  std::vector<StuckReport> AwaitReports(std::size_t count) {
    const testing::MovingClock moving(clock_, absl::Seconds(10));
    absl::MutexLock lock(&mu_);
    const auto told = [this, count] {
      mu_.AssertHeld();
      return reports_.size() >= count;
    };
    mu_.Await(absl::Condition(&told));
    return reports_;
  }
  // So that a watchdog that wants to tell has the time.
  void PassTime() {
    for (int i = 0; i < 1000; ++i) {
      clock_.Advance(kAfter / 10);
      std::this_thread::yield();
    }
  }
  std::size_t report_count() {
    absl::MutexLock lock(&mu_);
    return reports_.size();
  }

  VirtualClock clock_;
  absl::Mutex mu_;
  std::vector<StuckReport> reports_ ABSL_GUARDED_BY(mu_);
};
WEFT_ON_ALL_ENGINES(WatchdogTest);

TEST_P(WatchdogTest, TellsWhatIsStuckAndForHowLong) {
  const auto scheduler = Watched();
  TaskGroup group(*scheduler);
  *group.Schedule({.id = "waits", .function = [] {}, .dependencies = {"hangs"}});
  std::vector<StuckReport> reports;
  *group.Schedule({.id = "hangs", .function = [&] { reports = AwaitReports(1); }});
  EXPECT_TRUE(group.Wait().ok());
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_GE(reports.front().quiet_for, kAfter);
  EXPECT_EQ(reports.front().running, 1);
  EXPECT_EQ(reports.front().pending, 1);
  EXPECT_THAT(reports.front().ToString(), HasSubstr("is pending, waits for 'hangs'"));
}

TEST_P(WatchdogTest, OncePerStall) {
  const auto scheduler = Watched();
  TaskGroup group(*scheduler);
  const auto stalls = [&](std::size_t reports) {
    group.Submit([&, reports] {
      AwaitReports(reports);
      PassTime();
      OnName(group, "waits " + std::to_string(reports), "ghost");  // what comes is no progress
      PassTime();
    });
    EXPECT_EQ(group.Wait().completed, static_cast<std::int64_t>(reports));
  };
  stalls(1);
  EXPECT_EQ(report_count(), 1U);
  stalls(2);
  EXPECT_EQ(report_count(), 2U);
}

TEST_P(WatchdogTest, KeepsStillWhileTasksEndOrNothingIsThere) {
  const auto scheduler = Watched();
  PassTime();
  TaskGroup group(*scheduler);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(group.Submit([] {}).Get().ok());
    clock_.Advance(kAfter / 2);
    std::this_thread::yield();
  }
  EXPECT_TRUE(group.Wait().ok());
  PassTime();
  EXPECT_EQ(report_count(), 0U);
}

// Nobody waits, nothing runs: all the same it has not ended.
TEST_P(WatchdogTest, NamesThatNeverCome) {
  const auto scheduler = Watched();
  TaskGroup group(*scheduler);
  *group.Schedule({.id = "waits", .function = [] {}, .dependencies = {"ghost"}});
  const std::vector<StuckReport> reports = AwaitReports(1);
  EXPECT_THAT(reports.front().ToString(), HasSubstr("'ghost', which was never submitted"));
  PassTime();
  EXPECT_EQ(report_count(), 1U);
}

TEST_P(WatchdogTest, RunsOfGraphs) {
  const auto scheduler = Watched();
  TaskGraph graph;
  std::vector<StuckReport> reports;
  graph.Add([&] { reports = AwaitReports(1); });
  EXPECT_TRUE(scheduler->Run(graph).ok());
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports.front().graph_runs, 1);
}

// The report ends what hangs.
TEST_P(WatchdogTest, MayCancel) {
  TaskScheduler* used = nullptr;
  std::atomic<bool> made{false};
  const auto scheduler = Watched([&](const StuckReport&) {
    if (made.load()) used->CancelAll(absl::AbortedError("it hangs"));
  });
  used = scheduler.get();
  made.store(true);
  const Task<> hangs = scheduler->Submit([&](TaskContext& context) {
    const testing::MovingClock moving(clock_, absl::Seconds(10));
    while (!context.token().cancelled()) std::this_thread::yield();
    return context.token().reason();
  });
  EXPECT_EQ(hangs.Get(), absl::AbortedError("it hangs"));
}

TEST_P(WatchdogTest, WhatItThrowsIsCounted) {
  const auto scheduler = Watched([](const StuckReport&) { throw std::runtime_error("no"); });
  EXPECT_TRUE(scheduler
                  ->Submit([&] {
                    const testing::MovingClock moving(clock_, absl::Seconds(10));
                    while (scheduler->failed_events() == 0) std::this_thread::yield();
                  })
                  .Get()
                  .ok());
  EXPECT_EQ(scheduler->failed_events(), 1);
}

TEST_P(WatchdogTest, DestroyedWhileItIsArmed) {
  for (int i = 0; i < 50; ++i) {
    const auto scheduler = Watched();
    const testing::MovingClock moving(clock_, absl::Seconds(10));
    for (int k = 0; k < 20; ++k) scheduler->Submit([] {});
  }
}

TEST(WatchdogOptionTest, HalfOfItIsRefused) {
  const auto status = [](absl::Duration after, bool reports) {
    SchedulerOptions options;
    options.watchdog.after = after;
    if (reports) options.watchdog.report = [](const StuckReport&) {};
    return TaskScheduler::Create(std::move(options)).status();
  };
  EXPECT_TRUE(absl::IsInvalidArgument(status(absl::Seconds(1), false)));
  EXPECT_TRUE(absl::IsInvalidArgument(status(absl::InfiniteDuration(), true)));
  EXPECT_TRUE(absl::IsInvalidArgument(status(absl::ZeroDuration(), true)));
  EXPECT_THAT(std::string(status(-absl::Seconds(1), true).message()), HasSubstr("watchdog.after"));
  EXPECT_TRUE(status(absl::Seconds(1), true).ok());
}

}  // namespace
}  // namespace weft
