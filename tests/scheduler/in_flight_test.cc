// SPDX-License-Identifier: Apache-2.0
//
// ParallelProcessingConfig::max_tasks_in_flight: how many tasks run or are parked at one time.

#include <algorithm>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/timed_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

// Counts tasks from their start to their end, or to the moment at which one that was parked is
// ready again.
class InFlight final : public TaskObserver {
 public:
  void OnEvent(const TaskEvent& event) override {
    absl::MutexLock lock(&mu_);
    const bool there = tasks_.contains(event.task);
    switch (event.kind) {
      case TaskEventKind::kStarted: tasks_.insert(event.task); break;
      case TaskEventKind::kReady:
      case TaskEventKind::kEnded:
        if (there) tasks_.erase(event.task);
        break;
      case TaskEventKind::kParked: ++parked_; break;
      default: break;
    }
    most_ = std::max(most_, tasks_.size());
  }
  std::size_t most() const {
    absl::MutexLock lock(&mu_);
    return most_;
  }
  // False: they have not been, for a long time.
  bool AwaitParked(int count) const {
    const auto were = [this, count] {
      mu_.AssertReaderHeld();
      return parked_ >= count;
    };
    absl::MutexLock lock(&mu_);
    return mu_.AwaitWithTimeout(absl::Condition(&were), absl::Seconds(60));
  }

 private:
  mutable absl::Mutex mu_;
  std::set<TaskId> tasks_ ABSL_GUARDED_BY(mu_);
  std::size_t most_ ABSL_GUARDED_BY(mu_) = 0;
  int parked_ ABSL_GUARDED_BY(mu_) = 0;
};

class InFlightTest : public ::testing::TestWithParam<int> {
 protected:
  std::unique_ptr<TaskScheduler> Make(int limit) {
    SchedulerOptions options;
    options.config.max_tasks_in_flight = limit;
    options.observer = &in_flight_;
    return testing::MakeVirtualScheduler(GetParam(), clock_, std::move(options));
  }
  RunSummary Finish(TaskGroup& group) {
    if (GetParam() < 0) return group.Wait();
    const testing::MovingClock moving(clock_);
    return group.Wait();
  }

  InFlight in_flight_;
  VirtualClock clock_;
};
WEFT_ON_ALL_ENGINES(InFlightTest);

TEST_P(InFlightTest, NoMoreThanThatRunAtOnce) {
  for (const int limit : {1, 3}) {
    const auto scheduler = Make(limit);
    TaskGroup group(*scheduler);
    for (int i = 0; i < 300; ++i) group.Submit([] { std::this_thread::yield(); });
    EXPECT_TRUE(group.Wait().ok());
    EXPECT_LE(in_flight_.most(), static_cast<std::size_t>(limit));
  }
}

TEST_P(InFlightTest, ParkedOnesCount) {
  for (const int limit : {1, 2, 10}) {
    const auto scheduler = Make(limit);
    TaskGroup group(*scheduler);
    for (int i = 0; i < 60; ++i) {
      TaskOptions options;
      if (i % 2 == 0) options.retry = {.max_attempts = 3, .base = absl::Seconds(1 + i % 7)};
      group.Submit(options, [](TaskContext& context) {
        return context.attempt() < 3 ? absl::UnavailableError("") : absl::OkStatus();
      });
    }
    const RunSummary summary = Finish(group);
    EXPECT_EQ(summary.completed, 30);
    EXPECT_EQ(summary.failed, 30);
    EXPECT_LE(in_flight_.most(), static_cast<std::size_t>(limit));  // the limits grow
  }
}

TEST_P(InFlightTest, ParkedOnesThatAreCancelledMakeRoom) {
  const auto scheduler = Make(2);
  TaskGroup parked(*scheduler);
  std::vector<Task<>> tasks;
  for (int i = 0; i < 2; ++i) {
    tasks.push_back(parked.Submit({.retry = {.max_attempts = 3, .base = absl::Seconds(50)}},
                                  [] { return absl::UnavailableError(""); }));
  }
  TaskGroup group(*scheduler);
  const Task<> other = group.Submit([] {});
  if (GetParam() > 0) {  // without threads nothing has begun
    ASSERT_TRUE(in_flight_.AwaitParked(2));
    EXPECT_NE(other.state(), TaskState::kCompleted);
  }
  parked.Cancel(absl::CancelledError("no use"));
  EXPECT_TRUE(group.Wait().ok());
  const RunSummary summary = parked.Wait();
  EXPECT_EQ(summary.cancelled, 2) << summary.failed << " failed, " << summary.under_way
                                  << " under way " << summary.status << " "
                                  << tasks[0].result().status;
}

}  // namespace
}  // namespace weft
