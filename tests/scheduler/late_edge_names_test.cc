// SPDX-License-Identifier: Apache-2.0
//
// Late dependencies of and on tasks that wait for names without a task.

#include <atomic>
#include <thread>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "testing/names.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Give;
using testing::OnName;

class LateEdgeNamesTest : public testing::HeldEngineTest {};
WEFT_ON_ALL_ENGINES(LateEdgeNamesTest);

TEST_P(LateEdgeNamesTest, ACycleThroughANameIsRefused) {
  // b waits for the bare name "c", which will wait for a.
  TaskGroup group(*scheduler_);
  const auto a = OnName(group, "a", "ghost");
  const auto c = OnName(group, "c", "a");
  const auto b = OnName(group, "b", "c");
  EXPECT_TRUE(absl::IsFailedPrecondition(a.AddDependency(b)));
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LateEdgeNamesTest, ATaskOnABareNameStaysListedAndTheGroupAtRest) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto behind = group.Submit([&] { ++ran; }, After(stuck));
  const auto added = group.Submit([&] { ++ran; });
  EXPECT_TRUE(stuck.AddDependency(added).ok());
  RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.pending, 2);
  EXPECT_EQ(summary.under_way, 0);
  ASSERT_EQ(summary.unresolved.size(), 1u);
  EXPECT_EQ(summary.unresolved[0].task_name, "stuck");
  EXPECT_EQ(summary.unresolved[0].waits_for, "ghost");
  Give(group, "ghost");
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, 2);
}

TEST_P(LateEdgeNamesTest, ALateEdgeOnATaskThatWaitsForANameSuspendsAllBehind) {
  // stuck waits for ghost; task -> behind -> last wait, late, for stuck.
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = group.Submit([] {}, After(held));
  const auto behind = group.Submit([] {}, After(task));
  const auto last = group.Submit([] {}, After(behind, held));
  EXPECT_TRUE(task.AddDependency(stuck).ok());
  Open();
  RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.pending, 4);
  EXPECT_EQ(summary.under_way, 0);
  EXPECT_EQ(summary.unresolved.size(), 1u);
  EXPECT_TRUE(absl::IsFailedPrecondition(last.Wait()));
  Give(group, "ghost");
  summary = group.Wait();
  EXPECT_TRUE(summary.ok());
  EXPECT_EQ(summary.completed, 6);
  EXPECT_EQ(last.state(), TaskState::kCompleted);
}

TEST_P(LateEdgeNamesTest, TwoNamesMustBothCome) {
  TaskGroup group(*scheduler_);
  const auto one = OnName(group, "one", "ghost1");
  const auto two = OnName(group, "two", "ghost2");
  const auto task = group.Submit([] {}, After(one));
  EXPECT_TRUE(task.AddDependency(two).ok());
  EXPECT_TRUE(task.AddDependency(two).ok());
  EXPECT_EQ(group.Wait().pending, 3);
  Give(group, "ghost2");
  RunSummary summary = group.Wait();
  EXPECT_EQ(summary.pending, 2);
  EXPECT_EQ(summary.completed, 2);
  EXPECT_EQ(task.state(), TaskState::kPending);
  Give(group, "ghost1");
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LateEdgeNamesTest, ATaskThatWaitsForANameAndIsCancelledSkipsThoseAddedBehind) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = group.Submit([] {}, After(held));
  const auto behind = group.Submit([](const absl::Status& status) { return status; }, task);
  EXPECT_TRUE(task.AddDependency(stuck).ok());
  stuck.Cancel();
  EXPECT_EQ(task.state(), TaskState::kSkipped);
  Open();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.pending, 0);
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.skipped, 1);
  EXPECT_TRUE(absl::IsCancelled(behind.Get()));
}

TEST_P(LateEdgeNamesTest, SealEndsWhatWaitsForAName) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto stuck = OnName(group, "stuck", "ghost");
  const auto task = group.Submit([] {}, After(held));
  EXPECT_TRUE(task.AddDependency(stuck).ok());
  Open();
  group.Wait();
  group.Seal();
  EXPECT_EQ(group.Wait().skipped, 2);
  EXPECT_TRUE(absl::IsNotFound(task.Get()));
}

// `task` waits for a name that never comes, and, late, for one whose name comes just now:
// it stays listed, and the group comes to rest.
TEST_P(LateEdgeNamesTest, ANameComesWhileALateEdgeIsAdded) {
  for (int round = 0; round < 300; ++round) {
    TaskGroup group(*scheduler_);
    const auto task = OnName(group, "task", "never");
    const auto behind = group.Submit([] {}, After(task));
    const auto other = OnName(group, "other", "comes");
    std::atomic<int> at_start{0};
    std::thread gives([&] {
      ++at_start;
      while (at_start < 2) std::this_thread::yield();
      Give(group, "comes");
    });
    ++at_start;
    while (at_start < 2) std::this_thread::yield();
    ASSERT_TRUE(task.AddDependency(other).ok());
    gives.join();
    const RunSummary summary = group.Wait();
    ASSERT_EQ(summary.completed, 2) << "round " << round;
    ASSERT_EQ(summary.pending, 2) << "round " << round;
    ASSERT_EQ(summary.unresolved.size(), 1u) << "round " << round;
    Give(group, "never");
    ASSERT_TRUE(group.Wait().ok()) << "round " << round;
  }
}

}  // namespace
}  // namespace weft
