// SPDX-License-Identifier: Apache-2.0
//
// Nodes that choose which of their successors runs.

#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TaskGraphConditionTest : public testing::EngineTest {
 protected:
  TaskGraph::Node AddMark(bool& mark) {
    return graph_.Add([&mark] { mark = true; });
  }
  // Whether each of three successors ran after a condition that chose `number`.
  template <class T>
  std::vector<bool> TakenBy(T number) {
    bool ran[3] = {};
    TaskGraph graph;
    auto choose = graph.AddCondition([number] { return number; });
    for (bool& each : ran) choose.Before(graph.Add([&each] { each = true; }));
    const RunSummary summary = scheduler_->Run(graph);
    EXPECT_EQ(summary.completed + summary.skipped, 4);
    return {ran[0], ran[1], ran[2]};
  }

  TaskGraph graph_;
};
WEFT_ON_ALL_ENGINES(TaskGraphConditionTest);

TEST_P(TaskGraphConditionTest, TheChosenSuccessorRunsAndTheOthersAreSkipped) {
  EXPECT_THAT(TakenBy(0), ElementsAre(true, false, false));
  EXPECT_THAT(TakenBy(1), ElementsAre(false, true, false));
  EXPECT_THAT(TakenBy(std::size_t{2}), ElementsAre(false, false, true));
}

TEST_P(TaskGraphConditionTest, AnotherNumberTakesNone) {
  const auto none = ElementsAre(false, false, false);
  EXPECT_THAT(TakenBy(3), none);
  EXPECT_THAT(TakenBy(-1), none);
  EXPECT_THAT(TakenBy(std::int64_t{1} << 32), none);  // 0 in 32 bits
  EXPECT_THAT(TakenBy(std::numeric_limits<std::int64_t>::min()), none);
  EXPECT_THAT(TakenBy(std::numeric_limits<std::uint64_t>::max()), none);
  EXPECT_THAT(TakenBy(std::numeric_limits<std::uint32_t>::max()), none);
}

TEST_P(TaskGraphConditionTest, FalseIsTheFirstAndTrueTheSecond) {
  EXPECT_THAT(TakenBy(false), ElementsAre(true, false, false));
  EXPECT_THAT(TakenBy(true), ElementsAre(false, true, false));
}

TEST_P(TaskGraphConditionTest, NeedsNoSuccessors) {
  graph_.AddCondition([] { return 0; });
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
}

//   choose -> (left, right), left -> below
TEST_P(TaskGraphConditionTest, WhatFollowsTheOthersIsSkippedToo) {
  bool left = false;
  bool right = false;
  bool below = false;
  auto choose = graph_.AddCondition([] { return 1; });
  auto not_taken = AddMark(left);
  choose.Before(not_taken, AddMark(right));
  not_taken.Before(AddMark(below));
  const RunSummary summary = scheduler_->Run(graph_);
  EXPECT_EQ(summary.skipped, 2);
  EXPECT_EQ(summary.failed, 0);
  EXPECT_TRUE(right && !left && !below);
}

//   choose -> (left, right) -> merge
TEST_P(TaskGraphConditionTest, AMergeRunsWhenItRunsAnyway) {
  bool merged = false;
  auto choose = graph_.AddCondition([] { return 1; });
  auto left = graph_.Add([] {});
  auto right = graph_.Add([] {});
  auto merge = AddMark(merged).OnFailedDependency(DependencyPolicy::kRunAnyway);
  choose.Before(left, right);
  merge.After(left, right);
  EXPECT_EQ(scheduler_->Run(graph_).skipped, 1);
  EXPECT_TRUE(merged);
}

TEST_P(TaskGraphConditionTest, RunAnywayDoesNotMakeUpForNotBeingChosen) {
  bool ran = false;
  auto choose = graph_.AddCondition([] { return 1; });
  choose.Before(AddMark(ran).OnFailedDependency(DependencyPolicy::kRunAnyway));
  choose.Before(graph_.Add([] {}));
  EXPECT_EQ(scheduler_->Run(graph_).skipped, 1);
  EXPECT_FALSE(ran);
}

TEST_P(TaskGraphConditionTest, ANodeAfterTwoConditionsNeedsBoth) {
  int numbers[2] = {0, 0};
  int ran = 0;
  auto both = graph_.Add([&ran] { ++ran; });
  for (int& number : numbers) both.After(graph_.AddCondition([&number] { return number; }));
  EXPECT_EQ(scheduler_->Run(graph_).skipped, 0);
  numbers[1] = 1;
  EXPECT_EQ(scheduler_->Run(graph_).skipped, 1);
  EXPECT_EQ(ran, 1);
}

TEST_P(TaskGraphConditionTest, ASuccessorWithTwoNumbersIsTakenByEither) {
  int number = 0;
  int ran = 0;
  auto choose = graph_.AddCondition([&number] { return number; });
  auto twice = graph_.Add([&ran] { ++ran; });
  choose.Before(twice, graph_.Add([] {}), twice);
  EXPECT_EQ(scheduler_->Run(graph_).skipped, 1);
  number = 2;
  EXPECT_EQ(scheduler_->Run(graph_).skipped, 1);
  EXPECT_EQ(ran, 2);
  number = 1;
  EXPECT_EQ(scheduler_->Run(graph_).skipped, 1);
  EXPECT_EQ(ran, 2);
}

TEST_P(TaskGraphConditionTest, OneThatThrowsFailsAndSkipsAll) {
  bool ran = false;
  auto choose = graph_.AddCondition([]() -> int { throw std::runtime_error("torn"); }).Name("c");
  choose.Before(AddMark(ran), AddMark(ran));
  const RunSummary summary = scheduler_->Run(graph_);
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.skipped, 2);
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_EQ(summary.failures[0].name, "c");
  EXPECT_THAT(summary.failures[0].status.message(), HasSubstr("torn"));
  EXPECT_FALSE(ran);
}

TEST_P(TaskGraphConditionTest, OneThatIsSkippedChoosesNothing) {
  bool ran = false;
  auto choose = graph_.AddCondition([]() -> int { throw std::runtime_error("called"); });
  choose.After(graph_.Add([] { return absl::AbortedError("before"); }));
  choose.Before(AddMark(ran));
  const RunSummary summary = scheduler_->Run(graph_);
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.skipped, 2);
  EXPECT_FALSE(ran);
}

// A choice of one run is forgotten in the next.
TEST_P(TaskGraphConditionTest, ChoosesAnewInEachRun) {
  int number = 0;
  int ran[3] = {};
  auto choose = graph_.AddCondition([&number](TaskContext&) { return number; });
  auto merge = graph_.Add([] {}).OnFailedDependency(DependencyPolicy::kRunAnyway);
  for (int& each : ran) {
    auto node = graph_.Add([&each] { ++each; });
    choose.Before(node);
    node.Before(merge);
  }
  for (int run = 0; run < 300; ++run) {
    number = run % 4;  // 3 is none
    ASSERT_EQ(scheduler_->Run(graph_).skipped, number == 3 ? 3 : 2) << "run " << run;
  }
  EXPECT_THAT(ran, ElementsAre(75, 75, 75));
}

}  // namespace
}  // namespace weft
