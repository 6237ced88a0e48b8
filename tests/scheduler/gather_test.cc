// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/gather.h"

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class GatherTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(GatherTest);

TEST_P(GatherTest, ResultsAreInTheOrderOfTheTasks) {
  TaskGroup group(*scheduler_);
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 500; ++i) tasks.push_back(group.Submit([i] { return i * i; }));
  const auto all = Gather(group, std::move(tasks));
  ASSERT_TRUE(all.Get().ok()) << all.Get().status();
  for (int i = 0; i < 500; ++i) EXPECT_EQ(*(*all.Get())[static_cast<std::size_t>(i)], i * i);
}

TEST_P(GatherTest, FailuresStayAtTheirPlaces) {
  TaskGroup group(*scheduler_);
  std::vector<Task<int>> tasks;
  tasks.push_back(group.Submit([] { return 1; }));
  tasks.push_back(
      group.Submit([]() -> absl::StatusOr<int> { return absl::NotFoundError("second"); }));
  tasks.push_back(group.Submit([](const int& x) { return x; }, tasks.back()));
  const auto all = Gather(group, tasks);
  ASSERT_TRUE(all.Get().ok());
  EXPECT_EQ(*(*all.Get())[0], 1);
  EXPECT_TRUE(absl::IsNotFound((*all.Get())[1].status()));
  EXPECT_TRUE(absl::IsNotFound((*all.Get())[2].status()));  // skipped
  EXPECT_EQ(*tasks[0].Get(), 1);                            // copied: there was another handle
}

TEST_P(GatherTest, ValuesThatCannotBeCopiedAreMoved) {
  TaskGroup group(*scheduler_);
  // Also where the gathering runs before Gather has returned, as it may every now and then.
  for (int round = 0; round < 300; ++round) {
    std::vector<Task<std::unique_ptr<int>>> tasks;
    for (int i = 0; i < 3; ++i) {
      tasks.push_back(group.Submit([i] { return std::make_unique<int>(i); }));
    }
    const auto kept = tasks[1];
    const auto all = Gather(group, std::move(tasks));
    ASSERT_TRUE(all.Get().ok());
    ASSERT_TRUE((*all.Get())[0].ok()) << (*all.Get())[0].status();
    EXPECT_EQ(**(*all.Get())[0], 0);
    EXPECT_TRUE(absl::IsFailedPrecondition((*all.Get())[1].status()));
    ASSERT_TRUE((*all.Get())[2].ok()) << (*all.Get())[2].status();
    EXPECT_EQ(**(*all.Get())[2], 2);
    EXPECT_EQ(**kept.Get(), 1);
  }
}

TEST_P(GatherTest, NothingAndTasksWithoutValues) {
  TaskGroup group(*scheduler_);
  EXPECT_TRUE(Gather(group, std::vector<Task<int>>()).Get()->empty());
  std::vector<Task<>> tasks = {group.Submit([] {}),
                               group.Submit([] { return absl::AbortedError("no"); })};
  const auto all = Gather(group, std::move(tasks));
  EXPECT_TRUE((*all.Get())[0].ok());
  EXPECT_TRUE(absl::IsAborted((*all.Get())[1]));
}

TEST_P(GatherTest, WaitForAllWaitsForASubset) {
  TaskGroup group(*scheduler_);
  std::vector<AnyTask> subset;
  for (int i = 0; i < 10; ++i) subset.push_back(group.Submit([i] { return i; }));
  const auto never = *group.Schedule({.function = [] {}, .dependencies = {"never"}});
  EXPECT_TRUE(WaitForAll(subset));
  for (const AnyTask& task : subset) EXPECT_EQ(task.state(), TaskState::kCompleted);
  subset.push_back(never);
  EXPECT_FALSE(WaitForAll(subset));  // it cannot end
  EXPECT_FALSE(WaitForAll(subset, absl::InfinitePast()));
}

}  // namespace
}  // namespace weft
