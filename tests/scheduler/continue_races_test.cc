// SPDX-License-Identifier: Apache-2.0
//
// Continuations that end, may start or are cancelled while the successors are handed over
// to them.

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "testing/names.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class ThreadedContinueTest : public testing::HeldEngineTest {};
WEFT_ON_THREADED_ENGINES(ThreadedContinueTest);

TEST_P(ThreadedContinueTest, AContinuationThatEndsMeanwhile) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    absl::Notification open;
    const auto held = group.Submit([&] { open.WaitForNotification(); });
    std::vector<int> written(4, 0);
    std::vector<Task<int>> behind;
    for (int& each : written) {
      const auto task = group.Submit(
          [&](TaskContext& context) {
            return context.Continue(group.Submit([&each] { each = 1; }));
          },
          After(held));
      for (int i = 0; i < round % 25; ++i) {
        behind.push_back(group.Submit([&each] { return each; }, After(task)));
      }
    }
    open.Notify();
    for (const auto& task : behind) ASSERT_EQ(*task.Get(), 1) << "round " << round;
    ASSERT_TRUE(group.Wait().ok());
  }
}

// A task continues with `stuck`, which waits for a name, and hands thirty successors over to
// it while `meanwhile(group, stuck)` is called, each round a little later.
template <class F>
RunSummary HandOverWhile(TaskScheduler& scheduler, int round, F meanwhile) {
  TaskGroup group(scheduler);
  const auto stuck = testing::OnName(group, "stuck", "ghost");
  absl::Notification open;
  std::atomic<int> arrived{0};
  const auto held = group.Submit([&] { open.WaitForNotification(); });
  const auto task = group.Submit(
      [&](TaskContext& context) {
        const absl::Status status = context.Continue(stuck);
        ++arrived;
        while (arrived < 2) std::this_thread::yield();
        return status;
      },
      After(held));
  std::vector<Task<>> behind;
  for (int i = 0; i < 30; ++i) behind.push_back(group.Submit([] {}, After(task)));
  open.Notify();
  while (arrived < 1) std::this_thread::yield();
  ++arrived;
  for (int i = 0; i < round % 50; ++i) std::this_thread::yield();
  meanwhile(group, stuck);
  return group.Wait();
}

TEST_P(ThreadedContinueTest, ANameThatComesMeanwhile) {
  for (int round = 0; round < 300; ++round) {
    const RunSummary summary = HandOverWhile(
        *scheduler_, round, [](TaskGroup& group, const Task<>&) { testing::Give(group, "ghost"); });
    ASSERT_EQ(summary.completed, 34) << "round " << round << " pending " << summary.pending;
    ASSERT_EQ(summary.pending, 0) << "round " << round;
  }
}

TEST_P(ThreadedContinueTest, AContinuationThatIsCancelledMeanwhile) {
  for (int round = 0; round < 300; ++round) {
    const RunSummary summary =
        HandOverWhile(*scheduler_, round, [](TaskGroup&, const Task<>& stuck) { stuck.Cancel(); });
    ASSERT_EQ(summary.skipped, 30) << "round " << round;
    ASSERT_EQ(summary.pending + summary.under_way, 0) << "round " << round;
  }
}

// What a search for a cycle finds while successors are handed over.
class HandOverSearchTest : public testing::HeldEngineTest {
 protected:
  // A task that `opens` lets go.
  Task<> Held(TaskGroup& group, absl::Notification& opens) {
    return group.Submit([&] {
      const BlockingScope blocking;
      opens.WaitForNotification();
    });
  }
};
WEFT_ON_THREADED_ENGINES(HandOverSearchTest);

TEST_P(HandOverSearchTest, ALateEdgeThatClosesACycleIsRefused) {
  TaskGroup blocked(*scheduler_);  // the more there are, the longer a hand-over takes
  std::vector<TaskDefinition> definitions;
  for (int i = 0; i < 20'000; ++i) {
    definitions.push_back({.function = [] {}, .dependencies = {"never"}});
  }
  ASSERT_TRUE(blocked.ScheduleBatch(std::move(definitions)).ok());
  TaskGroup group(*scheduler_);
  std::atomic<bool> stop{false};
  std::thread counts([&] {
    while (!stop) EXPECT_EQ(group.Summary().failed, 0);
  });
  for (int round = 0; round < 50; ++round) {
    absl::Notification opens;
    absl::Notification go;
    const auto more = group.Submit([] {}, After(Held(group, opens)));
    const auto grows = group.Submit([&](TaskContext& context) {
      go.WaitForNotification();
      return context.Continue(more);
    });
    const auto behind = group.Submit([] {}, After(grows));
    go.Notify();
    while (grows.state() != TaskState::kCompleted) std::this_thread::yield();
    EXPECT_TRUE(absl::IsFailedPrecondition(more.AddDependency(behind))) << "round " << round;
    opens.Notify();
    EXPECT_TRUE(behind.WaitUntil(absl::Now() + absl::Seconds(60)));
    if (HasFailure()) more.Cancel();
  }
  stop = true;
  counts.join();
}

TEST_P(HandOverSearchTest, AlsoThroughAChainOfThem) {
  TaskGroup group(*scheduler_);
  absl::Notification opens;
  const auto last = group.Submit([] {}, After(Held(group, opens)));
  absl::Notification planned[2];
  absl::Notification end;
  const auto grow_into = [&](int which, const Task<>& next) {
    return group.Submit([&, which, next](TaskContext& context) {
      const absl::Status status = context.Continue(next);
      planned[which].Notify();
      const BlockingScope blocking;
      end.WaitForNotification();
      return status;
    });
  };
  const auto middle = grow_into(0, last);
  const auto first = grow_into(1, middle);
  const auto behind = group.Submit([] {}, After(first));
  for (absl::Notification& each : planned) each.WaitForNotification();
  EXPECT_TRUE(absl::IsFailedPrecondition(last.AddDependency(behind)));
  end.Notify();
  opens.Notify();
  EXPECT_TRUE(behind.WaitUntil(absl::Now() + absl::Seconds(60)));
  if (HasFailure()) last.Cancel();
}

TEST_P(HandOverSearchTest, AContinuationThatIsRefusedLeavesTheOneBefore) {
  TaskGroup group(*scheduler_);
  absl::Notification opens;
  const auto more = group.Submit([] {}, After(Held(group, opens)));
  Task<> behind;
  absl::Notification submitted;
  const auto grows = group.Submit([&](TaskContext& context) {
    submitted.WaitForNotification();
    EXPECT_TRUE(context.Continue(more).ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(context.Continue(behind)));
  });
  behind = group.Submit([] {}, After(grows));
  submitted.Notify();
  EXPECT_TRUE(grows.Wait().ok());
  EXPECT_EQ(behind.state(), TaskState::kPending);
  EXPECT_TRUE(absl::IsFailedPrecondition(more.AddDependency(behind)));
  opens.Notify();
  EXPECT_TRUE(behind.Wait().ok());
}

}  // namespace
}  // namespace weft
