// SPDX-License-Identifier: Apache-2.0
//
// What becomes of tasks that wait for their next attempt.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/timed_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

RetryPolicy Hourly(int max_attempts = 10) {
  return {.max_attempts = max_attempts,
          .base = absl::Hours(1),
          .cap = absl::Hours(1),
          .jitter = Jitter::kNone};
}

// Nobody moves the clock, unless a test does: what is parked stays.
class ParkedTest : public ::testing::TestWithParam<int> {
 protected:
  template <class T>
  static void AwaitParked(const Task<T>& task) {
    while (task.state() != TaskState::kParked) std::this_thread::yield();
  }

  VirtualClock clock_;
  std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeVirtualScheduler(GetParam(), clock_);
};
INSTANTIATE_TEST_SUITE_P(Engines, ParkedTest, ::testing::Values(1, 2, 8), testing::EngineName);

TEST_P(ParkedTest, HasNoWorker) {
  TaskGroup group(*scheduler_);
  std::vector<Task<>> parked;
  for (int i = 0; i < 20; ++i) {
    parked.push_back(group.Submit({.retry = Hourly()}, [] { return absl::UnavailableError("x"); }));
  }
  for (const Task<>& task : parked) AwaitParked(task);
  EXPECT_TRUE(group.Submit([] {}).Get().ok());
  EXPECT_EQ(group.Summary().under_way, 20);
  for (const Task<>& task : parked) task.Cancel();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.cancelled, 20);
}

TEST_P(ParkedTest, CancelEndsItAtOnce) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto task = group.Submit({.retry = Hourly()}, [&ran] {
    ++ran;
    return absl::UnavailableError("x");
  });
  const auto after = group.Submit([] {}, task);
  AwaitParked(task);
  task.Cancel();
  EXPECT_EQ(task.state(), TaskState::kCancelled);
  EXPECT_EQ(after.state(), TaskState::kSkipped);
  clock_.Advance(absl::Hours(2));
  EXPECT_TRUE(group.Submit([] {}).Get().ok());
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(task.result().attempts, 1);
}

TEST_P(ParkedTest, CancelOfTheGroupEndsIt) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.retry = Hourly()}, [] { return absl::UnavailableError("x"); });
  AwaitParked(task);
  group.Cancel(absl::CancelledError("enough"));
  EXPECT_EQ(task.Get(), absl::CancelledError("enough"));
  EXPECT_EQ(group.Wait().cancelled, 1);
}

TEST_P(ParkedTest, ComesBackWhenItsTimeHasCome) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto task = group.Submit({.retry = Hourly()}, [&ran]() -> absl::Status {
    return ++ran == 1 ? absl::UnavailableError("x") : absl::OkStatus();
  });
  AwaitParked(task);
  clock_.Advance(absl::Minutes(59));
  EXPECT_EQ(task.state(), TaskState::kParked);
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(task.Get().ok());
}

TEST_P(ParkedTest, DeadlinePassesMeanwhile) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit({.retry = Hourly(), .timeout = absl::Minutes(90)},
                                 [] { return absl::UnavailableError("x"); });
  AwaitParked(task);
  clock_.Advance(absl::Hours(2));  // both at once: the deadline goes first
  EXPECT_EQ(task.Get().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(task.result().attempts, 1);
}

TEST_P(ParkedTest, ShutdownThatCancelsDoesNotWaitForIt) {
  const auto task =
      scheduler_->Submit({.retry = Hourly()}, [] { return absl::UnavailableError("x"); });
  AwaitParked(task);
  EXPECT_TRUE(scheduler_->Shutdown(ShutdownMode::kCancel).ok());
  EXPECT_EQ(task.state(), TaskState::kCancelled);
}

TEST_P(ParkedTest, HandlesMayGo) {
  TaskGroup group(*scheduler_);
  absl::Notification ran;
  {
    const auto task = group.Submit({.retry = Hourly()}, [&ran]() -> absl::Status {
      if (!ran.HasBeenNotified()) {
        ran.Notify();
        return absl::UnavailableError("x");
      }
      return absl::OkStatus();
    });
    AwaitParked(task);
  }
  clock_.Advance(absl::Hours(1));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 1);
}

TEST_P(ParkedTest, CancelRacesWithTheTimer) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    std::atomic<int> ran{0};
    const auto task = group.Submit({.retry = Hourly(2)}, [&ran] {
      ++ran;
      return absl::UnavailableError("x");
    });
    const auto after = group.Submit([] {}, task);
    AwaitParked(task);
    std::thread canceller([&task] { task.Cancel(); });
    clock_.Advance(absl::Hours(1));
    canceller.join();
    const RunSummary summary = group.Wait();
    EXPECT_EQ(summary.cancelled + summary.failed, 1);
    EXPECT_EQ(summary.skipped, 1);
    EXPECT_EQ(task.result().attempts, ran);
  }
}

TEST_P(ParkedTest, CancelRacesWithTheParking) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    absl::Notification runs;
    const auto task = group.Submit({.retry = Hourly(2)}, [&runs] {
      runs.Notify();
      return absl::UnavailableError("x");
    });
    runs.WaitForNotification();
    if (round % 2 == 0) {
      task.Cancel();
    } else {
      group.Cancel(absl::CancelledError("all"));
    }
    const RunSummary summary = group.Wait();  // ends without a move of the clock
    EXPECT_EQ(summary.cancelled + summary.failed, 1);
  }
}

}  // namespace
}  // namespace weft
