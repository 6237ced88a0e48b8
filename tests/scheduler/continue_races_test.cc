// SPDX-License-Identifier: Apache-2.0
//
// Continuations that end, may start or are cancelled while the successors are handed over
// to them.

#include <atomic>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "testing/names.h"
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

}  // namespace
}  // namespace weft
