// SPDX-License-Identifier: Apache-2.0
//
// Asking one task, a group, or all to stop.

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/names.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::OnName;

class CancelTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(CancelTest);
class ThreadedCancelTest : public testing::EngineTest {};
WEFT_ON_THREADED_ENGINES(ThreadedCancelTest);

TEST_P(CancelTest, PendingTaskEndsAtOnceAndItsDependentsAreSkipped) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto a = group.Schedule({.id = "a", .function = [&] { ++ran; }, .dependencies = {"later"}});
  const auto b = group.Submit([&] { ++ran; }, *a);
  a->Cancel();
  a->Cancel();
  EXPECT_EQ(a->state(), TaskState::kCancelled);
  EXPECT_EQ(b.state(), TaskState::kSkipped);
  EXPECT_EQ(b.Get(), absl::CancelledError("skipped: dependency 'a' was cancelled: cancelled"));
  ASSERT_TRUE(group.Schedule({.id = "later", .function = [&] { ++ran; }}).ok());
  const RunSummary summary = group.Wait();
  EXPECT_EQ(ran, 1);  // what it waited for runs on
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.skipped, 1);
  EXPECT_EQ(summary.failed, 0);
}

TEST_P(CancelTest, EndedTaskStaysAsItIs) {
  TaskGroup group(*scheduler_);
  const auto task = group.Submit([] { return 3; });
  ASSERT_TRUE(task.Wait().ok());
  task.Cancel();
  group.Cancel(absl::CancelledError("late"));
  EXPECT_EQ(*task.Get(), 3);
  EXPECT_EQ(task.state(), TaskState::kCompleted);
}

TEST_P(CancelTest, CancelledGroupRefusesLaterTasksWithItsReason) {
  TaskGroup group(*scheduler_);
  const auto waiting = OnName(group, "a", "ghost");
  group.Cancel(absl::DeadlineExceededError("too slow"));
  group.Cancel(absl::CancelledError("second"));
  EXPECT_EQ(waiting.Get(), absl::DeadlineExceededError("too slow"));
  EXPECT_EQ(waiting.state(), TaskState::kCancelled);
  const auto late = group.Submit([] {});
  EXPECT_EQ(late.Get(), absl::DeadlineExceededError("too slow"));
  EXPECT_EQ(group.Schedule({.id = "b", .function = [] {}}).status(),
            absl::DeadlineExceededError("too slow"));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.status, absl::DeadlineExceededError("too slow"));
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.refused, 1);
}

TEST_P(CancelTest, TokenFromOutsideCancelsTheGroup) {
  CancellationSource source;
  TaskGroup group(*scheduler_, {.cancellation = source.token()});
  const auto waiting = OnName(group, "a", "ghost");
  source.Cancel(absl::CancelledError("ctrl-c"));
  EXPECT_EQ(waiting.Get(), absl::CancelledError("ctrl-c"));
  EXPECT_EQ(group.token().reason(), absl::CancelledError("ctrl-c"));
  TaskGroup later(*scheduler_, {.cancellation = source.token()});
  EXPECT_EQ(later.Submit([] {}).Get(), absl::CancelledError("ctrl-c"));
}

TEST_P(CancelTest, ById) {
  const auto waiting = OnName(scheduler_->root(), "a", "ghost");
  const auto other = OnName(scheduler_->root(), "b", "ghost");
  EXPECT_TRUE(scheduler_->Cancel(waiting.id()).ok());
  EXPECT_TRUE(scheduler_->Cancel("b").ok());
  EXPECT_TRUE(scheduler_->Cancel(waiting.id()).ok());  // again: nothing to do
  EXPECT_EQ(waiting.state(), TaskState::kCancelled);
  EXPECT_EQ(other.state(), TaskState::kCancelled);
  EXPECT_TRUE(absl::IsNotFound(scheduler_->Cancel("nobody")));
}

TEST_P(CancelTest, AllGroupsAtOnce) {
  TaskGroup one(*scheduler_);
  TaskGroup two(*scheduler_);
  const auto a = OnName(one, "a", "ghost");
  const auto b = OnName(two, "a", "ghost");
  scheduler_->CancelAll(absl::CancelledError("all"));
  EXPECT_EQ(a.Get(), absl::CancelledError("all"));
  EXPECT_EQ(b.Get(), absl::CancelledError("all"));
}

TEST_P(CancelTest, ReadyTaskIsEndedByItsWorkerWithoutRunning) {
  TaskGroup group(*scheduler_);
  std::atomic<bool> ran{false};
  Task<> victim;
  if (!has_threads()) {
    group.Submit([&] { victim.Cancel(); });
    victim = group.Submit([&] { ran = true; });
  } else {
    testing::BusyWorkers busy(*scheduler_, threads());
    victim = group.Submit([&] { ran = true; });
    EXPECT_EQ(victim.state(), TaskState::kReady);
    victim.Cancel();
    busy.LetGo();
    group.Wait();
  }
  EXPECT_TRUE(absl::IsCancelled(victim.Get()));
  EXPECT_EQ(victim.state(), TaskState::kCancelled);
  EXPECT_EQ(victim.result().attempts, 0);
  EXPECT_FALSE(ran);
}

TEST_P(CancelTest, BodyThatGivesInIsCancelledOneThatGoesOnKeepsItsValue) {
  TaskGroup group(*scheduler_);
  Task<int> gives_in;
  Task<int> goes_on;
  absl::Notification ready;
  gives_in = group.Submit([&](TaskContext& context) -> absl::StatusOr<int> {
    if (has_threads()) ready.WaitForNotification();
    gives_in.Cancel();
    EXPECT_TRUE(context.cancelled());
    EXPECT_TRUE(context.token().cancelled());
    return context.token().reason();
  });
  goes_on = group.Submit([&](TaskContext& context) {
    if (has_threads()) ready.WaitForNotification();
    const CancellationToken token = context.token();
    EXPECT_FALSE(token.cancelled());
    goes_on.Cancel();
    EXPECT_TRUE(token.cancelled());
    return 7;
  });
  ready.Notify();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(gives_in.state(), TaskState::kCancelled);
  EXPECT_EQ(*goes_on.Get(), 7);
  EXPECT_EQ(goes_on.state(), TaskState::kCompleted);
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.failed, 0);
}

TEST_P(CancelTest, ABodyMayCancelItsOwnGroup) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  group.Submit([&] {
    ++ran;
    group.Cancel(absl::CancelledError("enough"));
    EXPECT_TRUE(absl::IsCancelled(group.Submit([&] { ++ran; }).Get()));
  });
  const RunSummary summary = group.Wait();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.status, absl::CancelledError("enough"));
}

TEST_P(CancelTest, DestroyingAGroupCancelsWhatIsLeft) {
  std::atomic<int> ran{0};
  Task<> task;
  {
    TaskGroup group(*scheduler_);
    const auto first =
        group.Schedule({.id = "x", .function = [&] { ++ran; }, .dependencies = {"ghost"}});
    task = group.Submit([&] { ++ran; }, *first);
  }
  EXPECT_EQ(task.state(), TaskState::kSkipped);
  EXPECT_EQ(ran, 0);
}

TEST_P(CancelTest, ManyTasksAreCancelledInOnePass) {
  TaskGroup group(*scheduler_);
  constexpr int kTasks = 50000;
  Task<> last = OnName(group, "first", "ghost");
  for (int i = 1; i < kTasks; ++i) last = group.Submit([] {}, last);
  group.Cancel(absl::CancelledError("all"));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.cancelled + summary.skipped, kTasks);
  EXPECT_EQ(summary.completed, 0);
}

TEST_P(ThreadedCancelTest, RunningBodyIsToldThroughItsToken) {
  TaskGroup group(*scheduler_);
  absl::Notification started;
  absl::Notification told;
  const auto task = group.Submit([&](TaskContext& context) -> absl::Status {
    const CancellationCallback callback(context.token(), [&] { told.Notify(); });
    started.Notify();
    told.WaitForNotification();
    return context.token().reason();
  });
  started.WaitForNotification();
  group.Cancel(absl::CancelledError("stop"));
  EXPECT_EQ(task.Get(), absl::CancelledError("stop"));
  EXPECT_EQ(task.state(), TaskState::kCancelled);
}

TEST_P(ThreadedCancelTest, WaitUntilLeavesTheTaskAlone) {
  TaskGroup group(*scheduler_);
  testing::Gate gate;
  const auto task = group.Submit([&] { gate.Pass(); });
  gate.AwaitEntered();
  EXPECT_FALSE(task.WaitUntil(absl::Now()));
  EXPECT_EQ(task.state(), TaskState::kRunning);
  gate.Open();
  EXPECT_TRUE(task.WaitUntil(absl::InfiniteFuture()));
  EXPECT_TRUE(task.Get().ok());
}

TEST_P(ThreadedCancelTest, LeavesAWaitInsideATaskAlone) {
  TaskGroup group(*scheduler_);
  absl::Notification open;
  const auto target = group.Submit([&open] {
    const BlockingScope blocking;  // one worker is enough
    open.WaitForNotification();
  });
  absl::Notification started;
  absl::Status waited = absl::UnknownError("it has not");
  const auto waits = group.Submit([&](TaskContext& context) {
    started.Notify();
    waited = target.Wait();
    EXPECT_TRUE(context.cancelled());
  });
  started.WaitForNotification();
  waits.Cancel();
  open.Notify();
  EXPECT_TRUE(waits.Get().ok());
  EXPECT_TRUE(waited.ok()) << waited;
}

// Cancels race with starts and ends: whoever wins, each task ends once, and a body
// that ran to its end keeps its value.
TEST_P(ThreadedCancelTest, RacesWithStartAndFinishHaveOneWinner) {
  for (int round = 0; round < 200; ++round) {
    TaskGroup group(*scheduler_);
    std::atomic<int> ran{0};
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(group.Submit([&ran] { return ++ran; }));
    for (const Task<int>& task : tasks) task.Cancel();
    const RunSummary summary = group.Wait();
    EXPECT_EQ(summary.completed, ran);
    EXPECT_EQ(summary.completed + summary.cancelled, 20);
    for (const Task<int>& task : tasks) {
      EXPECT_EQ(task.Get().ok(), task.state() == TaskState::kCompleted);
    }
  }
}

}  // namespace
}  // namespace weft
