// SPDX-License-Identifier: Apache-2.0
//
// Dependencies that are added to a task that was submitted before.

#include <atomic>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "testing/held_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class LateEdgeTest : public testing::HeldEngineTest {};
WEFT_ON_ALL_ENGINES(LateEdgeTest);

TEST_P(LateEdgeTest, PendingTaskWaitsForTheAddedOne) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  int written = 0;  // plain: the late edge alone keeps the two bodies apart
  const auto task = group.Submit([&] { return written; }, After(held));
  const auto added = group.Submit([&] { written = 7; }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  EXPECT_EQ(task.state(), TaskState::kPending);
  Open();
  EXPECT_EQ(*task.Get(), 7);
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(LateEdgeTest, ManyAndTheSameOneTwice) {
  // held -> each added one -> task
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  std::vector<int> written(40, 0);
  const auto task = group.Submit([&] { return written; }, After(held));
  for (int& each : written) {
    const auto added = group.Submit([&each] { each = 1; }, After(held));
    EXPECT_TRUE(task.AddDependency(added).ok());
    EXPECT_TRUE(task.AddDependency(added).ok());
    EXPECT_TRUE(task.AddDependency(held).ok());
  }
  Open();
  EXPECT_EQ(*task.Get(), std::vector<int>(40, 1));
}

TEST_P(LateEdgeTest, OneThatHasCompletedChangesNothing) {
  TaskGroup group(*scheduler_);
  const auto done = group.Submit([] { return 1; });
  ASSERT_TRUE(done.Wait().ok());
  const auto held = Held(group);
  const auto task = group.Submit([] { return 2; }, After(held));
  EXPECT_TRUE(task.AddDependency(done).ok());
  EXPECT_EQ(task.state(), TaskState::kPending);
  Open();
  EXPECT_EQ(*task.Get(), 2);
}

TEST_P(LateEdgeTest, OneThatDidNotCompleteSkipsTheTaskAtOnce) {
  TaskGroup group(*scheduler_);
  const auto cases = NotCompleted(group);
  const auto held = Held(group);
  std::atomic<int> ran{0};
  for (const auto& [bad, status] : cases) {
    const auto task = group.Submit([&] { ++ran; }, After(held));
    const auto behind = group.Submit([&] { ++ran; }, After(task));
    EXPECT_TRUE(task.AddDependency(bad).ok());
    EXPECT_EQ(task.state(), TaskState::kSkipped);
    EXPECT_EQ(behind.state(), TaskState::kSkipped);
    EXPECT_EQ(task.Get(), status);
    EXPECT_EQ(behind.Get(), status);
  }
  Open();
  EXPECT_EQ(group.Wait().skipped, 7);
  EXPECT_EQ(ran, 0);
}

TEST_P(LateEdgeTest, ASkipSetsGoingWhatRunsAnyway) {
  // held -> task -> anyway; task also waits, late, for one that has failed.
  TaskGroup group(*scheduler_);
  const auto failed = group.Submit([] { return absl::AbortedError("no"); });
  failed.Wait().IgnoreError();
  const auto held = Held(group);
  const auto task = group.Submit([] {}, After(held));
  std::atomic<int> ran{0};
  for (int i = 0; i < 5; ++i) group.Submit([&](const absl::Status&) { ++ran; }, task);
  EXPECT_TRUE(task.AddDependency(failed).ok());
  Open();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(ran, 5);
  EXPECT_EQ(summary.completed, 6);
}

TEST_P(LateEdgeTest, ASkipInsideABodySetsGoingWhatRunsAnyway) {
  // adds -> task -> anyway; adds makes task wait for one that has failed.
  TaskGroup group(*scheduler_);
  const auto failed = group.Submit([] { return absl::AbortedError("no"); });
  failed.Wait().IgnoreError();
  const auto held = Held(group);
  Task<> task;
  std::atomic<int> ran{0};
  const auto adds = group.Submit([&] { return task.AddDependency(failed); }, After(held));
  task = group.Submit([] {}, After(adds));
  for (int i = 0; i < 5; ++i) group.Submit([&](const absl::Status&) { ++ran; }, task);
  Open();
  EXPECT_TRUE(adds.Get().ok()) << adds.Get();
  EXPECT_EQ(task.Get().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(group.Wait().completed, 7);
  EXPECT_EQ(ran, 5);
}

TEST_P(LateEdgeTest, OneThatFailsLaterSkipsTheTask) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  std::atomic<int> ran{0};
  const auto task = group.Submit([&] { ++ran; }, After(held));
  // In place of the name it would have kept the group at rest; so by hand.
  const auto added = group.Submit([] { return absl::AbortedError("later"); }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  Open();
  EXPECT_TRUE(absl::IsAborted(task.Get()));
  EXPECT_EQ(task.state(), TaskState::kSkipped);
  EXPECT_EQ(ran, 0);
}

TEST_P(LateEdgeTest, ItSkipsAlsoATaskThatRunsAnywayForOthers) {
  TaskGroup group(*scheduler_);
  const auto held = Held(group);
  const auto bad = group.Submit([] { return absl::AbortedError("first"); }, After(held));
  const auto task = group.Submit([](const absl::Status&) {}, bad);
  const auto other = group.Submit([](const absl::Status&) {}, bad);
  const auto added = group.Submit([] { return absl::DataLossError("late"); }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  Open();
  EXPECT_EQ(task.Get().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(other.Get().ok());
}

TEST_P(LateEdgeTest, ATaskOfAnotherGroupIsWaitedFor) {
  TaskGroup group(*scheduler_);
  TaskGroup other(*scheduler_);
  const auto held = Held(other);
  const auto first = group.Submit([] {}, After(held));
  int written = 0;
  const auto task = group.Submit([&] { return written; }, After(first));
  const auto added = other.Submit([&] { written = 5; }, After(held));
  EXPECT_TRUE(task.AddDependency(added).ok());
  Open();
  EXPECT_EQ(group.Wait().completed, 2);
  EXPECT_EQ(*task.Get(), 5);
}

}  // namespace
}  // namespace weft
