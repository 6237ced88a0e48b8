// SPDX-License-Identifier: Apache-2.0
//
// Users' destructors, and ends that race with each other.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/names.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/task_scheduler.h"
#include "weft/scheduler/tbb_executor.h"

namespace weft {
namespace {

class ShutdownTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(ShutdownTest);
class ThreadedShutdownTest : public testing::EngineTest {};
WEFT_ON_THREADED_ENGINES(ThreadedShutdownTest);

struct ThrowsWhenDestroyed {
  ThrowsWhenDestroyed() = default;
  ThrowsWhenDestroyed(ThrowsWhenDestroyed&& other) noexcept
      : armed(std::exchange(other.armed, false)) {}
  ~ThrowsWhenDestroyed() noexcept(false) {
    if (armed) throw std::string("from a destructor");
  }
  bool armed = true;
};

TEST_P(ShutdownTest, AGroupThatAClosureOwnsIsWaitedForWhereTheClosureDies) {
  auto owned = std::make_unique<TaskGroup>(*scheduler_);
  const Task<> inner = owned->Submit([] {}, After(scheduler_->Submit([] {})));
  const Task<> outer = scheduler_->Submit([sub = std::move(owned)] { sub->Submit([] {}); });
  EXPECT_TRUE(outer.Get().ok());
  EXPECT_TRUE(IsTerminal(inner.state()));
}

TEST_P(ShutdownTest, WhoComesAfterwardsIsToldOfTheShutdown) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(scheduler_->Shutdown().ok());
  for (const absl::Status& refused :
       {scheduler_->Submit([] {}).Get(), group.Submit([] {}).Get(),
        scheduler_->Schedule({.id = "a", .function = [] {}}).status()}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(refused));
    EXPECT_NE(std::string(refused.message()).find("shut down"), std::string::npos) << refused;
  }
}

TEST_P(ShutdownTest, SealingWhileShuttingDownLosesNoTask) {
  for (int round = 0; round < 100; ++round) {
    auto scheduler = testing::MakeScheduler(GetParam());
    auto group = std::make_unique<TaskGroup>(*scheduler);
    std::vector<Task<>> tasks;
    for (int i = 0; i < 10; ++i) {
      tasks.push_back(*group->Schedule({.id = "task " + std::to_string(i),
                                        .function = [] {},
                                        .dependencies = {"never " + std::to_string(i)},
                                        .on_failed_dependency = DependencyPolicy::kRunAnyway}));
    }
    std::thread sealer([&] { group->Seal(); });
    std::thread closer([&] { EXPECT_TRUE(scheduler->Shutdown().ok()); });
    EXPECT_TRUE(scheduler->Shutdown().ok());
    for (const Task<>& task : tasks) EXPECT_EQ(task.state(), TaskState::kCompleted);
    sealer.join();
    closer.join();
    group.reset();
  }
}

// What the callable of a task holds, which a late call of Cancel ends.
struct SlowToDie {
  SlowToDie(absl::Notification* dying_at_start, absl::Notification* go_on_at_start)
      : dying(dying_at_start), go_on(go_on_at_start) {}
  ~SlowToDie() {
    dying->Notify();
    go_on->WaitForNotification();
  }
  absl::Notification* dying;
  absl::Notification* go_on;
};

TEST_P(ThreadedShutdownTest, ACallUnderWayKeepsTheSchedulerAlive) {
  for (int round = 0; round < 50; ++round) {
    absl::Notification dying;
    absl::Notification go_on;
    testing::Gate gate;
    auto scheduler = testing::MakeScheduler(GetParam());
    const auto held = scheduler->Submit([&] { gate.Pass(); });
    gate.AwaitEntered();
    const Task<> cancelled =
        scheduler->Submit([slow = std::make_unique<SlowToDie>(&dying, &go_on)] {}, After(held));
    const auto after = scheduler->Submit([](const absl::Status&) {}, cancelled);
    std::thread canceller([&] { cancelled.Cancel(); });
    dying.WaitForNotification();  // the canceller is inside the end of the task
    gate.Open();
    std::thread releaser([&] { go_on.Notify(); });
    scheduler.reset();
    EXPECT_TRUE(IsTerminal(after.state()));
    releaser.join();
    canceller.join();
  }
}

// What a SlowExecutor has seen, and is told.
struct SlowStart {
  std::atomic<bool> armed{false};
  absl::Notification entered;
  absl::Notification go_on;
  std::atomic<bool> inside{false};
  std::atomic<bool> stopped{false};
  std::atomic<bool> stopped_inside{false};
};

// oneTBB's workers; a start that is slow, once, and notices whether a stop comes meanwhile.
class SlowExecutor final : public TaskExecutor {
 public:
  SlowExecutor(int workers, SlowStart& start)
      : inner_(*TbbExecutor::Create(workers)), start_(start) {}

  int width() const override { return inner_->width(); }
  bool drains_in_wait() const override { return false; }
  void Start(WorkSource* source) override { inner_->Start(source); }
  bool StartPump(int slot) noexcept override {
    if (start_.armed.exchange(false)) {
      start_.inside = true;
      start_.entered.Notify();
      start_.go_on.WaitForNotification();
      // Long enough for a stop that does not wait for us; one that does never comes here.
      for (int i = 0; i < 10'000 && !start_.stopped; ++i) std::this_thread::yield();
      start_.inside = false;
    }
    return inner_->StartPump(slot);
  }
  void Stop() override {
    start_.stopped = true;
    if (start_.inside) start_.stopped_inside = true;
    inner_->Stop();
  }

 private:
  const std::unique_ptr<TbbExecutor> inner_;
  SlowStart& start_;
};

// A call of Cancel makes a task ready, and is about to bring a worker for it, when another
// worker has run it already: nothing is left to do but that call.
TEST(ShutdownOfThreadsTest, TheExecutorIsStoppedWhenTheLastCallHasReturned) {
  SlowStart start;
  SchedulerOptions options;
  options.executor = std::make_unique<SlowExecutor>(2, start);
  options.on_destroy = ShutdownMode::kDrain;
  auto scheduler = *TaskScheduler::Create(std::move(options));
  testing::Gate gate;
  scheduler->Submit([&gate] { gate.Pass(); });
  gate.AwaitEntered();
  const Task<> pending = testing::OnName(scheduler->root(), "pending", "ghost");
  const auto behind =
      scheduler->Submit([&start](const absl::Status&) { start.go_on.Notify(); }, pending);
  start.armed = true;
  std::thread canceller([&] { pending.Cancel(); });
  start.entered.WaitForNotification();
  gate.Open();
  scheduler.reset();
  canceller.join();
  EXPECT_TRUE(behind.Get().ok()) << behind.Get();
  EXPECT_TRUE(start.stopped);
  EXPECT_FALSE(start.stopped_inside);
}

TEST_P(ShutdownTest, RefusedWorkWithAThrowingDestructorIsRefusedOnce) {
  TaskGroup group(*scheduler_);
  group.Seal();
  const Task<> refused = group.Submit([guard = ThrowsWhenDestroyed()] {});
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.Get()));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.result().status));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      group.Schedule({.id = "a", .function = [guard = ThrowsWhenDestroyed()] {}}).status()));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.refused, 1);
  ASSERT_EQ(summary.failures.size(), 3u);  // the refusal, and what each destructor threw
  EXPECT_EQ(summary.failures[2].name, "a");
}

TEST_P(ShutdownTest, ElapsedIsNeverNegative) {
  VirtualClock clock;
  clock.Advance(absl::Hours(1));
  const auto timed = testing::MakeTimedScheduler(GetParam(), clock);
  TaskGroup group(*timed);
  ASSERT_TRUE(group.Schedule({.id = "a", .function = [] {}, .dependencies = {"never"}}).ok());
  EXPECT_EQ(group.Wait().elapsed, absl::ZeroDuration());
  group.Submit([&] {
    clock.Advance(absl::Seconds(3));
    EXPECT_EQ(group.Summary().elapsed, absl::Seconds(3));
  });
  group.Wait();
}

TEST_P(ShutdownTest, ADeadlineThatHasPassedStartsNoBody) {
  bool ran = false;
  scheduler_
      ->Submit([&] {
        const Task<> inner = scheduler_->Submit({.priority = -1}, [&] { ran = true; });
        if (GetParam() <= 1) {
          EXPECT_FALSE(inner.WaitUntil(absl::InfinitePast()));
          EXPECT_FALSE(ran);
        }
        EXPECT_TRUE(inner.Wait().ok());
      })
      .Get()
      .IgnoreError();
  EXPECT_TRUE(ran);
}

// For ThreadSanitizer.
TEST_P(ThreadedShutdownTest, ResultsMayBeReadWhileTheTaskRuns) {
  SchedulerOptions options;
  options.record_times = true;
  const auto scheduler = testing::MakeScheduler(GetParam(), std::move(options));
  for (int round = 0; round < 200; ++round) {
    const Task<> task =
        scheduler->Submit([]() -> absl::Status { return absl::DataLossError("each time"); });
    while (!IsTerminal(task.result().state)) std::this_thread::yield();
    EXPECT_TRUE(absl::IsDataLoss(task.result().status));
  }
}

}  // namespace
}  // namespace weft
