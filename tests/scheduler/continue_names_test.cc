// SPDX-License-Identifier: Apache-2.0
//
// Continuations that wait for names, to which nobody has given a task yet.

#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Give;
using testing::OnName;

class ContinueNamesTest : public testing::HeldEngineTest {};
WEFT_ON_ALL_ENGINES(ContinueNamesTest);

TEST_P(ContinueNamesTest, WaitReturnsWhenTheBodyHasEnded) {
  TaskGroup group(*scheduler_);
  const auto never = OnName(group, "never", "ghost");
  const auto task = ContinuesWith(group, never);
  EXPECT_TRUE(task.Wait().ok());
  EXPECT_EQ(task.state(), TaskState::kCompleted);
}

// A task that grows ends at any moment, on threads: what it is continued with must hold
// whether others have come, or have handed over to it, before that end or after it.
TEST_P(ContinueNamesTest, WhoComesAfterTheEndOfTheBodyWaitsForTheContinuationToo) {
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = ContinuesWith(group, stuck);
  EXPECT_TRUE(task.Wait().ok());
  const auto behind = group.Submit([] {}, After(task));
  EXPECT_EQ(group.Wait().pending, 2);
  EXPECT_EQ(behind.state(), TaskState::kPending);
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ContinueNamesTest, AContinuationThatHasGrownAndEndedIsFollowed) {
  // task continues with `next`, which has ended and is continued by `stuck`.
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto held = Held(group);
  const auto task = group.Submit(
      [&](TaskContext& context) {
        const auto next = ContinuesWith(group, stuck);
        EXPECT_TRUE(next.Wait().ok());
        return context.Continue(next);
      },
      After(held));
  const auto behind = group.Submit([] {}, After(task));
  Open();
  EXPECT_EQ(group.Wait().pending, 2);
  EXPECT_EQ(behind.state(), TaskState::kPending);
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ContinueNamesTest, AContinuationThatWaitsForANameSuspendsTheSuccessors) {
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto held = Held(group);
  const auto task = ContinuesWith(group, stuck, After(held));
  std::vector<Task<>> behind;
  for (int i = 0; i < 15; ++i) behind.push_back(group.Submit([] {}, After(task)));
  const auto last = group.Submit([] {}, After(behind));
  Open();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 2);
  EXPECT_EQ(summary.pending, 17);
  EXPECT_EQ(summary.under_way, 0);
  EXPECT_EQ(summary.unresolved.size(), 1u);
  EXPECT_TRUE(absl::IsFailedPrecondition(last.Wait()));
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(last.state(), TaskState::kCompleted);
}

TEST_P(ContinueNamesTest, CancellingTheContinuationSkipsTheSuccessors) {
  TaskGroup group(*scheduler_);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto held = Held(group);
  const auto task = ContinuesWith(group, stuck, After(held));
  const auto behind = group.Submit([] {}, After(task));
  Open();
  group.Wait();
  stuck.Cancel();
  EXPECT_EQ(behind.state(), TaskState::kSkipped);
  EXPECT_EQ(group.Wait().pending, 0);
}

}  // namespace
}  // namespace weft
