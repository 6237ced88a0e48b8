// SPDX-License-Identifier: Apache-2.0
//
// Dependencies that a task does not take any more, or that would never end.

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "testing/held_engine.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Give;
using ::testing::HasSubstr;
using testing::OnName;

class LateEdgeRefusedTest : public testing::HeldEngineTest {};
WEFT_ON_ALL_ENGINES(LateEdgeRefusedTest);
class ThreadedLateEdgeTest : public testing::HeldEngineTest {};
WEFT_ON_THREADED_ENGINES(ThreadedLateEdgeTest);

TEST_P(LateEdgeRefusedTest, ReadyTaskIsRefused) {
  TaskGroup group(*scheduler_);
  testing::BusyWorkers busy(*scheduler_, threads());
  const auto task = group.Submit([] { return 1; });
  const auto other = group.Submit([] { return absl::AbortedError("not yours"); });
  EXPECT_EQ(task.state(), TaskState::kReady);
  const absl::Status refused = task.AddDependency(other);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("not pending"));
  busy.LetGo();
  EXPECT_EQ(*task.Get(), 1);
}

TEST_P(LateEdgeRefusedTest, RunningTaskIsRefused) {
  TaskGroup group(*scheduler_);
  Task<> self;
  absl::Notification known;
  const auto other = OnName(group, "other", "ghost");
  self = group.Submit([&]() -> absl::Status {
    if (has_threads()) known.WaitForNotification();
    return self.AddDependency(other);
  });
  known.Notify();
  EXPECT_TRUE(absl::IsFailedPrecondition(self.Get())) << self.Get();
  EXPECT_EQ(self.state(), TaskState::kFailed);
}

TEST_P(LateEdgeRefusedTest, EndedTaskIsRefused) {
  TaskGroup group(*scheduler_);
  const auto fine = group.Submit([] {});
  const auto failed = group.Submit([] { return absl::AbortedError("x"); });
  const auto skipped = group.Submit([] {}, failed);
  const auto cancelled = OnName(group, "cancelled", "ghost");
  cancelled.Cancel();
  group.Wait();
  for (const auto& task : {fine, failed, skipped, cancelled}) {
    const TaskState state = task.state();
    EXPECT_TRUE(IsTerminal(state));
    EXPECT_TRUE(absl::IsFailedPrecondition(task.AddDependency(fine)));
    EXPECT_EQ(task.state(), state);
  }
}

TEST_P(LateEdgeRefusedTest, EmptyHandleOrAnotherSchedulersIsRefusedAndTheTaskRuns) {
  const auto other = testing::MakeScheduler(testing::kInline);
  const auto foreign = other->Submit([] { return 1; });
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto task = group.Submit([] { return 3; }, After(held));
  EXPECT_TRUE(absl::IsInvalidArgument(task.AddDependency(AnyTask())));
  EXPECT_TRUE(absl::IsInvalidArgument(task.AddDependency(foreign)));
  Open();
  EXPECT_EQ(*task.Get(), 3);
}

TEST_P(LateEdgeRefusedTest, OneThatWouldCloseACycleIsRefusedWithThePath) {
  // a -> b -> c, all behind a held one
  TaskGroup group(*scheduler_);
  TaskGroup elsewhere(*scheduler_);
  const auto held = Held(group);
  const auto a = *group.Schedule({.id = "a", .function = [] {}, .dependencies = {held}});
  const auto b = *elsewhere.Schedule({.id = "b", .function = [] {}, .dependencies = {a}});
  const auto c = *group.Schedule({.id = "c", .function = [] {}, .dependencies = {b}});
  const absl::Status cycle = a.AddDependency(c);
  EXPECT_TRUE(absl::IsFailedPrecondition(cycle)) << cycle;
  EXPECT_THAT(std::string(cycle.message()), HasSubstr("c -> b -> a"));
  EXPECT_TRUE(absl::IsFailedPrecondition(b.AddDependency(c)));
  EXPECT_TRUE(absl::IsFailedPrecondition(a.AddDependency(a)));
  EXPECT_TRUE(c.AddDependency(a).ok());  // the other way round is none
  Open();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_TRUE(elsewhere.Wait().ok());
}

TEST_P(LateEdgeRefusedTest, ACycleOfLateEdgesAloneIsRefused) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  constexpr std::size_t kLength = 200;
  std::vector<Task<>> chain;
  for (std::size_t i = 0; i < kLength; ++i) chain.push_back(group.Submit([] {}, After(held)));
  for (std::size_t i = 1; i < kLength; ++i) ASSERT_TRUE(chain[i].AddDependency(chain[i - 1]).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(chain.front().AddDependency(chain.back())));
  Open();
  EXPECT_EQ(group.Wait().completed, kLength + 1);
}

TEST_P(LateEdgeRefusedTest, WhoWaitsForItIsToldThatItNeverEnds) {
  // The body of `waits` makes `target` wait for itself, and then waits for `target`.
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  Task<> target;
  Task<> waits;
  absl::Notification known;
  waits = *group.Schedule({.id = "waits",
                           .function =
                               [&] {
                                 if (has_threads()) known.WaitForNotification();
                                 EXPECT_TRUE(target.AddDependency(waits).ok());
                                 return target.Wait();
                               },
                           .dependencies = {held}});
  target = group.Submit([] {}, After(held, waits));
  known.Notify();
  Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(waits.Get())) << waits.Get();
  EXPECT_EQ(target.Wait().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(target.state(), TaskState::kSkipped);
}

// A body sleeps until `target` has ended, while `target` is to wait for the task behind
// that body: either the edge is refused, or the wait.
TEST_P(ThreadedLateEdgeTest, OneThatWouldCloseACycleThroughAWaitIsRefused) {
  for (int round = 0; round < 100; ++round) {
    TaskGroup group(*scheduler_);
    const auto target = OnName(group, "target", "ghost");
    absl::Notification inside;
    absl::Status waited;
    const auto waits = group.Submit([&] {
      inside.Notify();
      waited = target.Wait();
    });
    const auto behind = group.Submit([] {}, After(waits));
    inside.WaitForNotification();
    for (int i = 0; i < round; ++i) std::this_thread::yield();
    const absl::Status added = target.AddDependency(behind);
    Give(group, "ghost");
    const RunSummary summary = group.Wait();
    ASSERT_EQ(summary.completed, 4) << summary.status;
    // A wait for a task on a bare name is refused, too.
    ASSERT_TRUE(absl::IsFailedPrecondition(added.ok() ? waited : added)) << "round " << round;
  }
}

TEST_P(ThreadedLateEdgeTest, ASleepingBodyIsPartOfACycle) {
  for (int round = 0; round < 100; ++round) {
    TaskGroup group(*scheduler_);
    testing::Gate gate;
    const auto held = group.Submit([&] { gate.Pass(); });
    gate.AwaitEntered();
    const auto target = group.Submit([] {}, After(held));
    absl::Notification inside;
    const auto waits = group.Submit([&] {
      inside.Notify();
      return target.Wait();
    });
    const auto behind = group.Submit([] {}, After(waits));
    // With one worker the gate has it: the body comes later.
    if (GetParam() > 1) inside.WaitForNotification();
    for (int i = 0; i < round; ++i) std::this_thread::yield();
    const absl::Status added = target.AddDependency(behind);
    gate.Open();
    const RunSummary summary = group.Wait();
    if (added.ok()) {
      ASSERT_TRUE(absl::IsFailedPrecondition(waits.Get())) << "round " << round << waits.Get();
      ASSERT_EQ(summary.skipped, 2);  // behind, target
    } else {
      ASSERT_TRUE(absl::IsFailedPrecondition(added)) << added;
      ASSERT_EQ(summary.completed, 4);
    }
  }
}

}  // namespace
}  // namespace weft
