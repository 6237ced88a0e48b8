// SPDX-License-Identifier: Apache-2.0
//
// Which ready node of a TaskGraph comes first: strictly the oldest without threads, the
// one with the longest way to the end where costs are known.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::ElementsAre;

// Runs on one thread, and writes down the names.
class TaskGraphOrderTest : public ::testing::Test {
 protected:
  TaskGraph::Node Add(std::string name) { return AddTo(graph_, std::move(name)); }
  TaskGraph::Node AddTo(TaskGraph& graph, std::string name) {
    return graph.Add([this, name] { order_.push_back(name); }).Name(name);
  }
  std::vector<std::string> Run(int workers) {
    order_.clear();
    EXPECT_TRUE(testing::MakeScheduler(workers)->Run(graph_).ok());
    return order_;
  }

  std::vector<std::string> order_;
  TaskGraph nested_;
  TaskGraph graph_;
};

//   r -> a -> c      r -> b -> d
TEST_F(TaskGraphOrderTest, InlineSuccessorsRunInTheOrderOfTheirEdges) {
  auto r = Add("r");
  auto a = Add("a");
  auto b = Add("b");
  r.Before(a, b);
  a.Before(Add("c"));
  b.Before(Add("d"));
  EXPECT_THAT(Run(testing::kInline), ElementsAre("r", "a", "b", "c", "d"));
  EXPECT_THAT(Run(testing::kInline), ElementsAre("r", "a", "b", "c", "d"));
}

// The roots are there first.
TEST_F(TaskGraphOrderTest, InlineRootsRunBeforeWhatTheyMakeReady) {
  auto r = Add("r");
  auto s = Add("s");
  auto t = Add("t");
  t.Before(Add("c"));
  s.Before(Add("b"));
  r.Before(Add("a"));
  EXPECT_THAT(Run(testing::kInline), ElementsAre("r", "s", "t", "a", "b", "c"));
}

//   before, nested {x, y, x -> z} -> after
TEST_F(TaskGraphOrderTest, InlineNestedNodesQueueLikeOthers) {
  auto x = AddTo(nested_, "x");
  AddTo(nested_, "y");
  x.Before(AddTo(nested_, "z"));
  graph_.AddGraph(nested_).Before(Add("after"));
  Add("beside");
  EXPECT_THAT(Run(testing::kInline), ElementsAre("beside", "x", "y", "z", "after"));
}

TEST_F(TaskGraphOrderTest, InlineRunsManyRootsInTheOrderOfTheirCreation) {
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) {
    names.push_back(std::to_string(i));
    Add(names.back());
  }
  EXPECT_EQ(Run(testing::kInline), names);
}

void BuildFork(TaskGraph::Node root, TaskGraph::Node cheap, TaskGraph::Node dear,
               TaskGraph::Node middle) {
  cheap.Cost(1);
  dear.Cost(100);
  middle.Cost(10);
  root.Before(cheap, dear, middle);
}

TEST_F(TaskGraphOrderTest, InlineTheMostExpensiveSuccessorComesFirst) {
  BuildFork(Add("root"), Add("cheap"), Add("dear"), Add("middle"));
  EXPECT_THAT(Run(testing::kInline), ElementsAre("root", "dear", "middle", "cheap"));
}

TEST_F(TaskGraphOrderTest, AWorkerGoesOnWithTheMostExpensiveSuccessor) {
  BuildFork(Add("root"), Add("cheap"), Add("dear"), Add("middle"));
  const std::vector<std::string> order = Run(1);
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order[1], "dear");
}

//   root -> own (50), root -> way (1) -> far (100)
TEST_F(TaskGraphOrderTest, WhatCountsIsTheCostToTheEnd) {
  auto root = Add("root");
  auto own = Add("own").Cost(50);
  auto way = Add("way").Cost(1);
  way.Before(Add("far").Cost(100));
  root.Before(own, way);
  const std::vector<std::string> order = Run(1);
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order[1], "way");
}

TEST_F(TaskGraphOrderTest, CostsOrderTheRootsToo) {
  Add("cheap").Cost(1);
  Add("dear").Cost(100);
  EXPECT_THAT(Run(testing::kInline), ElementsAre("dear", "cheap"));
  EXPECT_THAT(Run(1), ElementsAre("dear", "cheap"));
}

// By number, not by cost.
TEST_F(TaskGraphOrderTest, TheSuccessorsOfAConditionKeepTheirNumbers) {
  auto choose = graph_.AddCondition([] { return 0; });
  auto cheap = Add("cheap").Cost(1);
  auto dear = Add("dear").Cost(100);
  choose.Before(cheap, dear);
  order_.clear();
  const RunSummary summary = testing::MakeScheduler(1)->Run(graph_);
  EXPECT_THAT(order_, ElementsAre("cheap"));
  EXPECT_EQ(summary.skipped, 1);
}

}  // namespace
}  // namespace weft
