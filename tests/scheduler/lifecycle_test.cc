// SPDX-License-Identifier: Apache-2.0
//
// Groups and schedulers from beginning to end.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/names.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/tbb_executor.h"

namespace weft {
namespace {

using testing::OnName;

class LifecycleTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(LifecycleTest);
class ThreadedLifecycleTest : public testing::EngineTest {};
WEFT_ON_THREADED_ENGINES(ThreadedLifecycleTest);

TEST_P(LifecycleTest, EmptyGroupIsAtRest) {
  TaskGroup group(*scheduler_);
  const RunSummary summary = group.Wait();
  EXPECT_TRUE(summary.ok());
  EXPECT_EQ(summary.submitted, 0);
}

TEST_P(LifecycleTest, GroupMayBeUsedAgainAfterItsWait) {
  TaskGroup group(*scheduler_);
  for (int round = 1; round <= 3; ++round) {
    group.Submit([] {});
    EXPECT_EQ(group.Wait().completed, round);
  }
}

TEST_P(LifecycleTest, ElapsedRunsFromTheFirstSubmissionToRest) {
  VirtualClock clock;
  const auto timed = testing::MakeTimedScheduler(GetParam(), clock);
  TaskGroup group(*timed);
  clock.Advance(absl::Seconds(5));
  group.Submit([&] { clock.Advance(absl::Seconds(2)); });
  EXPECT_EQ(group.Wait().elapsed, absl::Seconds(2));
}

TEST_P(LifecycleTest, ShutdownDrainsAndRefusesAfterwards) {
  std::atomic<int> ran{0};
  for (int i = 0; i < 50; ++i) scheduler_->Submit([&] { ++ran; });
  EXPECT_TRUE(scheduler_->Shutdown().ok());
  EXPECT_TRUE(scheduler_->Shutdown(ShutdownMode::kCancel).ok());
  EXPECT_EQ(ran, 50);
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler_->Submit([] {}).Get()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(scheduler_->Schedule({.id = "a", .function = [] {}}).status()));
}

TEST_P(LifecycleTest, DrainingRunsWhatTasksStillSubmit) {
  std::atomic<int> ran{0};
  scheduler_->Submit([&] {
    ++ran;
    scheduler_->Submit([&] {
      ++ran;
      scheduler_->Submit([&] { ++ran; });
    });
  });
  EXPECT_TRUE(scheduler_->Shutdown().ok());
  EXPECT_EQ(ran, 3);
}

TEST_P(LifecycleTest, ShutdownEndsTasksOnNamesNeverSubmitted) {
  const auto stuck = OnName(scheduler_->root(), "stuck", "ghost");
  TaskGroup group(*scheduler_);
  const auto elsewhere = OnName(group, "stuck", "ghost");
  EXPECT_TRUE(scheduler_->Shutdown().ok());
  EXPECT_EQ(stuck.state(), TaskState::kSkipped);
  EXPECT_TRUE(absl::IsNotFound(elsewhere.Get()));
}

TEST_P(LifecycleTest, ShutdownFromInsideATaskIsRefused) {
  const auto task = scheduler_->Submit([&] { return scheduler_->Shutdown(); });
  EXPECT_TRUE(absl::IsFailedPrecondition(task.Get()));
  EXPECT_EQ(*scheduler_->Submit([] { return 1; }).Get(), 1);
}

TEST_P(LifecycleTest, HandlesOutliveGroupAndScheduler) {
  Task<std::string> value;
  Task<> skipped;
  {
    TaskGroup group(*scheduler_);
    value = group.Submit([] { return std::string("kept"); });
    skipped = OnName(group, "s", "ghost");
    group.Wait();
  }
  scheduler_.reset();
  EXPECT_EQ(*value.Get(), "kept");
  EXPECT_TRUE(absl::IsNotFound(skipped.Get()));
  value.Cancel();
  EXPECT_EQ(value.state(), TaskState::kCompleted);
}

TEST_P(LifecycleTest, DestroyingDrainsWhenAskedTo) {
  std::atomic<int> ran{0};
  Task<> stuck;
  {
    SchedulerOptions options;
    options.on_destroy = ShutdownMode::kDrain;
    const auto draining = testing::MakeScheduler(GetParam(), std::move(options));
    for (int i = 0; i < 20; ++i) draining->Submit([&] { ++ran; });
    stuck = OnName(draining->root(), "stuck", "ghost");
  }
  EXPECT_EQ(ran, 20);
  EXPECT_EQ(stuck.state(), TaskState::kSkipped);
}

TEST_P(LifecycleTest, DestroyingCancelsByDefaultAndReturns) {
  std::atomic<int> ran{0};
  Task<> last;
  Task<> stuck;
  {
    const auto cancelling = testing::MakeScheduler(GetParam());
    for (int i = 0; i < 20; ++i) last = cancelling->Submit([&] { ++ran; });
    stuck = OnName(cancelling->root(), "stuck", "ghost");
  }
  EXPECT_LE(ran, 20);
  EXPECT_TRUE(IsTerminal(last.state()));
  EXPECT_EQ(stuck.state(), TaskState::kCancelled);
}

TEST_P(LifecycleTest, LastHandleMayBeDroppedInsideItsTask) {
  TaskGroup group(*scheduler_);
  auto handle = std::make_shared<Task<int>>();
  absl::Notification known;
  *handle = group.Submit([handle, &known, waits = has_threads()] {
    if (waits) known.WaitForNotification();
    *handle = Task<int>();
    return 1;
  });
  handle.reset();
  known.Notify();
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LifecycleTest, ManyShortLives) {
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> ran{0};  // outlives the bodies that the destructor waits for
    const auto scheduler = testing::MakeScheduler(GetParam());
    for (int i = 0; i < round % 5; ++i) scheduler->Submit([&] { ++ran; });
    if (round % 2 == 0) scheduler->WaitAll();
  }
}

TEST_P(ThreadedLifecycleTest, TwoUsersOfOneSchedulerNeverWaitForEachOther) {
  TaskGroup slow(*scheduler_);
  testing::Gate gate;
  slow.Submit([&] { gate.Pass(); });
  gate.AwaitEntered();
  TaskGroup quick(*scheduler_);
  if (GetParam() > 1) quick.Submit([] {});  // the only worker is in the gate otherwise
  EXPECT_TRUE(quick.Wait().ok());
  EXPECT_EQ(slow.Summary().under_way, 1);
  gate.Open();
  EXPECT_TRUE(slow.Wait().ok());
}

TEST_P(ThreadedLifecycleTest, AnyThreadMaySubmitAndWait) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto task = group.Submit([&ran] { return ++ran; });
        if (i % 100 == 0) {
          EXPECT_TRUE(task.Get().ok());
        }
      }
      group.Wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 2000);
}

TEST_P(ThreadedLifecycleTest, SubmittingFromOutsideAlwaysStartsWithAllWorkersAsleep) {
  for (int round = 0; round < 2000; ++round) {
    ASSERT_EQ(*scheduler_->Submit([round] { return round; }).Get(), round);
  }
}

TEST(LifecycleInlineTest, SeveralWaitingThreadsTakeTurns) {
  const auto scheduler = testing::MakeScheduler(testing::kInline);
  std::atomic<int> inside{0};
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      TaskGroup group(*scheduler);
      for (int i = 0; i < 200; ++i) {
        group.Submit([&] {
          EXPECT_EQ(inside.fetch_add(1), 0);  // bodies run one after the other
          ++ran;
          --inside;
        });
      }
      EXPECT_TRUE(group.Wait().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 800);
}

TEST(LifecycleCreateTest, BadConfigIsRefusedByName) {
  SchedulerOptions bad;
  bad.config.num_workers = -1;
  const absl::Status range = TaskScheduler::Create(std::move(bad)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(range));
  EXPECT_NE(std::string(range.message()).find("num_workers"), std::string::npos);
  SchedulerOptions early;
  early.config.batch_size = 10;
  const absl::Status unimplemented = TaskScheduler::Create(std::move(early)).status();
  EXPECT_TRUE(absl::IsUnimplemented(unimplemented));
  EXPECT_NE(std::string(unimplemented.message()).find("batch_size"), std::string::npos);
}

TEST(LifecycleCreateTest, NumWorkersAndParallelHaveAnEffect) {
  EXPECT_EQ(testing::MakeScheduler(3)->worker_count(), 3);
  EXPECT_EQ(testing::MakeScheduler(testing::kInline)->worker_count(), 1);
  EXPECT_GE(TaskScheduler().worker_count(), 1);
}

TEST(LifecycleCreateTest, InlineRunsBodiesInTheWaitingThread) {
  const auto scheduler = testing::MakeScheduler(testing::kInline);
  const auto task = scheduler->Submit([] { return std::this_thread::get_id(); });
  EXPECT_EQ(task.state(), TaskState::kReady);
  EXPECT_EQ(*task.Get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace weft
