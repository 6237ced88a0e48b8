// SPDX-License-Identifier: Apache-2.0
//
// Tasks by name: mentioned before they exist, duplicate, unresolved, in a circle.

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class NamesTest : public testing::EngineTest {
 protected:
  absl::StatusOr<Task<>> Add(TaskGroup& group, std::string id, std::vector<TaskRef> after) {
    return group.Schedule(
        {.id = std::move(id), .function = [] {}, .dependencies = std::move(after)});
  }
};
WEFT_ON_ALL_ENGINES(NamesTest);

TEST_P(NamesTest, ANameMayBeWaitedForBeforeItHasATask) {
  TaskGroup group(*scheduler_);
  std::atomic<bool> b_ran{false};
  const auto a =
      group.Schedule({.id = "a", .function = [&] { EXPECT_TRUE(b_ran); }, .dependencies = {"b"}});
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->state(), TaskState::kPending);
  ASSERT_TRUE(group.Schedule({.id = "b", .function = [&] { b_ran = true; }}).ok());
  EXPECT_TRUE(a->Wait().ok());
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(NamesTest, NamesAndHandlesMix) {
  TaskGroup group(*scheduler_);
  const auto value = group.Submit([] { return 1; });
  ASSERT_TRUE(Add(group, "a", {}).ok());
  const auto both = Add(group, "both", {"a", value});
  ASSERT_TRUE(both.ok());
  EXPECT_TRUE(both->Wait().ok());
  EXPECT_EQ(value.state(), TaskState::kCompleted);
  EXPECT_EQ(*group.Find("both"), *both);
  EXPECT_EQ(both->result().name, "both");
}

TEST_P(NamesTest, AliveNameIsTakenAlsoAfterItsTaskEnded) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(Add(group, "a", {}).ok());
  group.Wait();
  const absl::Status twice = Add(group, "a", {}).status();
  EXPECT_TRUE(absl::IsAlreadyExists(twice));
  EXPECT_THAT(std::string(twice.message()), HasSubstr("'a'"));
  TaskGroup other(*scheduler_);
  EXPECT_TRUE(Add(other, "a", {}).ok());  // names belong to their group
}

TEST_P(NamesTest, WaitLeavesTasksOnUnknownNamesPendingAndListsThem) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(Add(group, "free", {}).ok());
  const auto stuck = Add(group, "stuck", {"free", "ghost"});
  const auto behind = Add(group, "behind", {"stuck"});
  ASSERT_TRUE(stuck.ok() && behind.ok());
  const RunSummary summary = group.Wait();
  EXPECT_TRUE(summary.status.ok());
  EXPECT_FALSE(summary.ok());
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.pending, 2);
  ASSERT_EQ(summary.unresolved.size(), 1u);
  EXPECT_EQ(summary.unresolved[0].task_name, "stuck");
  EXPECT_EQ(summary.unresolved[0].waits_for, "ghost");

  const absl::Status waited = behind->Wait();
  EXPECT_TRUE(absl::IsFailedPrecondition(waited)) << waited;
  EXPECT_THAT(std::string(waited.message()), HasSubstr("'ghost'"));
  EXPECT_EQ(behind->Get(), waited);
  EXPECT_FALSE(behind->WaitUntil(absl::InfiniteFuture()));

  ASSERT_TRUE(Add(group, "ghost", {}).ok());  // it comes after all
  EXPECT_TRUE(behind->Get().ok());
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(NamesTest, SealEndsTasksOnUnknownNamesAsSkippedNotFound) {
  TaskGroup group(*scheduler_);
  const auto stuck = Add(group, "stuck", {"ghost"});
  const auto behind = Add(group, "behind", {"stuck"});
  std::atomic<bool> anyway_ran{false};
  const auto anyway = group.Schedule({.id = "anyway",
                                      .function = [&] { anyway_ran = true; },
                                      .dependencies = {"stuck"},
                                      .on_failed_dependency = DependencyPolicy::kRunAnyway});
  group.Seal();
  group.Seal();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.skipped, 2);
  EXPECT_EQ(summary.completed, 1);
  EXPECT_TRUE(anyway_ran);
  for (const auto& task : {stuck, behind}) {
    EXPECT_EQ(task->state(), TaskState::kSkipped);
    EXPECT_EQ(task->Get(), absl::NotFoundError("skipped: dependency 'ghost' was never submitted"));
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(Add(group, "late", {}).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(group.Submit([] {}).Get()));
}

TEST_P(NamesTest, CyclesAreRefusedWithTheirPath) {
  TaskGroup group(*scheduler_);
  const absl::Status self = Add(group, "s", {"s"}).status();
  EXPECT_EQ(self, absl::InvalidArgumentError("circular dependency: s -> s"));
  ASSERT_TRUE(Add(group, "a", {"b"}).ok());
  const absl::Status cycle = Add(group, "b", {"a"}).status();
  EXPECT_EQ(cycle, absl::InvalidArgumentError("circular dependency: b -> a -> b"));
  // a -> b -> c -> (mentioned) d: closing it names the whole path.
  ASSERT_TRUE(Add(group, "b", {"c"}).ok());
  ASSERT_TRUE(Add(group, "c", {"d"}).ok());
  EXPECT_EQ(Add(group, "d", {"x", "a"}).status(),
            absl::InvalidArgumentError("circular dependency: d -> a -> b -> c -> d"));
  ASSERT_TRUE(Add(group, "d", {}).ok());
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(NamesTest, RefusedScheduleLeavesNoTrace) {
  TaskGroup group(*scheduler_);
  EXPECT_FALSE(Add(group, "s", {"s", "mentioned"}).ok());
  EXPECT_TRUE(group.Wait().unresolved.empty());
  EXPECT_TRUE(Add(group, "s", {}).ok());
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(NamesTest, BatchIsAllOrNothing) {
  TaskGroup group(*scheduler_);
  std::atomic<int> ran{0};
  const auto definition = [&](std::string id, std::vector<TaskRef> after) {
    return TaskDefinition{
        .id = std::move(id), .function = [&] { ++ran; }, .dependencies = std::move(after)};
  };
  std::vector<TaskDefinition> cyclic;
  cyclic.push_back(definition("free", {}));
  cyclic.push_back(definition("a", {"b"}));
  cyclic.push_back(definition("b", {"c"}));
  cyclic.push_back(definition("c", {"a", "free"}));
  EXPECT_EQ(group.ScheduleBatch(std::move(cyclic)).status(),
            absl::InvalidArgumentError("circular dependency: a -> b -> c -> a"));

  std::vector<TaskDefinition> twice;
  twice.push_back(definition("a", {}));
  twice.push_back(definition("a", {}));
  EXPECT_TRUE(absl::IsAlreadyExists(group.ScheduleBatch(std::move(twice)).status()));

  std::vector<TaskDefinition> empty_function;
  empty_function.push_back(definition("a", {}));
  empty_function.push_back({.id = "b"});
  EXPECT_TRUE(absl::IsInvalidArgument(group.ScheduleBatch(std::move(empty_function)).status()));

  std::vector<TaskDefinition> empty_name;
  empty_name.push_back(definition("a", {""}));
  EXPECT_TRUE(absl::IsInvalidArgument(group.ScheduleBatch(std::move(empty_name)).status()));

  EXPECT_EQ(group.Wait().submitted, 0);
  EXPECT_EQ(ran, 0);

  std::vector<TaskDefinition> good;  // in any order
  good.push_back(definition("a", {"b", "c"}));
  good.push_back(definition("b", {"c"}));
  good.push_back(definition("c", {}));
  good.push_back(definition("", {"a"}));
  const auto tasks = group.ScheduleBatch(std::move(good));
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  ASSERT_EQ(tasks->size(), 4u);
  EXPECT_EQ((*tasks)[1].result().name, "b");
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, 4);
}

TEST_P(NamesTest, ABatchMayCloseACycleWithWhatIsAlreadyThere) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(Add(group, "a", {"b"}).ok());
  std::vector<TaskDefinition> batch;
  batch.push_back({.id = "c", .function = [] {}, .dependencies = {"a"}});
  batch.push_back({.id = "b", .function = [] {}, .dependencies = {"c"}});
  const absl::Status cycle = group.ScheduleBatch(std::move(batch)).status();
  EXPECT_THAT(std::string(cycle.message()), HasSubstr("c -> a -> b -> c"));
}

TEST_P(NamesTest, ManyNamesInOneBatchAndALongCycle) {
  constexpr int kTasks = 20000;
  std::vector<TaskDefinition> chain;
  for (int i = 0; i < kTasks; ++i) {
    std::vector<TaskRef> after;
    if (i > 0) after.push_back(std::to_string(i - 1));
    chain.push_back({.id = std::to_string(i), .function = [] {}, .dependencies = after});
  }
  TaskGroup group(*scheduler_);
  {
    std::vector<TaskDefinition> closed;
    for (int i = 0; i < kTasks; ++i) {
      closed.push_back({.id = std::to_string(i),
                        .function = [] {},
                        .dependencies = {std::to_string((i + kTasks - 1) % kTasks)}});
    }
    const absl::Status cycle = group.ScheduleBatch(std::move(closed)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(cycle));
    EXPECT_LT(cycle.message().size(), 1000u);  // the middle is left out
  }
  ASSERT_TRUE(group.ScheduleBatch(std::move(chain)).ok());
  EXPECT_EQ(group.Wait().completed, kTasks);
}

TEST_P(NamesTest, WaitGoesOnWhileAnotherGroupCanStillFreeATask) {
  TaskGroup first(*scheduler_);
  TaskGroup second(*scheduler_);
  const auto slow = first.Submit([] { return 1; });
  const auto here = second.Submit([](const int& x) { return x; }, slow);
  EXPECT_EQ(second.Wait().completed, 1);
  EXPECT_EQ(*here.Get(), 1);
}

TEST_P(NamesTest, FindKnowsOnlyNamesWithTasks) {
  TaskGroup group(*scheduler_);
  ASSERT_TRUE(Add(group, "a", {"ghost"}).ok());
  EXPECT_TRUE(group.Find("a").ok());
  EXPECT_TRUE(absl::IsNotFound(group.Find("ghost").status()));
  EXPECT_TRUE(absl::IsNotFound(group.Find("nobody").status()));
}

}  // namespace
}  // namespace weft
