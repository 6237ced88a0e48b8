// SPDX-License-Identifier: Apache-2.0
//
// Graphs as nodes of graphs, once and in loops.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

class TaskGraphNestedTest : public testing::EngineTest {
 protected:
  // A failure is one of node `name` of graph_ with `code` and `text`.
  void ExpectOneFailure(absl::StatusCode code, const std::string& name, const std::string& text) {
    const RunSummary summary = scheduler_->Run(graph_);
    EXPECT_EQ(summary.failed, 1);
    ASSERT_EQ(summary.failures.size(), 1u);
    EXPECT_EQ(summary.failures[0].name, name);
    EXPECT_EQ(summary.failures[0].status.code(), code);
    EXPECT_THAT(summary.failures[0].status.message(), HasSubstr(text));
  }

  TaskGraph nested_;  // before graph_: it must live longer
  TaskGraph graph_;
};
WEFT_ON_ALL_ENGINES(TaskGraphNestedTest);

//   before -> [a, b -> c] -> after
TEST_P(TaskGraphNestedTest, RunsWhereItsNodeStands) {
  int before = 0;
  int a = 0;
  int b = 0;
  int c = 0;
  int after = 0;
  nested_.Add([&] { a = before + 1; });
  auto node_b = nested_.Add([&] { b = before + 1; });
  node_b.Before(nested_.Add([&] { c = b + 1; }));
  auto node = graph_.AddGraph(nested_);
  node.After(graph_.Add([&] { ++before; }));
  node.Before(graph_.Add([&] { after = a + b + c; }));
  for (int run = 1; run <= 50; ++run) {
    const RunSummary summary = scheduler_->Run(graph_);
    EXPECT_TRUE(summary.ok());
    EXPECT_EQ(summary.submitted, 3);  // it counts as one
    ASSERT_EQ(after, 3 * before + 4);
    ASSERT_EQ(before, run);
  }
}

TEST_P(TaskGraphNestedTest, AnEmptyOneCompletes) {
  bool ran = false;
  graph_.AddGraph(nested_).Before(graph_.Add([&ran] { ran = true; }));
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_TRUE(ran);
}

TEST_P(TaskGraphNestedTest, ItsFailureIsThatOfTheNode) {
  bool ran = false;
  auto bad = nested_.Add([] { return absl::DataLossError("no more thread"); }).Name("spin");
  bad.Before(nested_.Add([] { FAIL(); }));
  auto node = graph_.AddGraph(nested_).Name("mill");
  node.Before(graph_.Add([] { FAIL(); }));
  node.Before(graph_.Add([&ran] { ran = true; }).OnFailedDependency(DependencyPolicy::kRunAnyway));
  ExpectOneFailure(absl::StatusCode::kDataLoss, "mill",
                   "in the nested graph, 'spin': no more thread");
  EXPECT_TRUE(ran);
}

TEST_P(TaskGraphNestedTest, AFailureOneLevelDownIsTheRunsAgainAfterwards) {
  bool fails = true;
  nested_.Add([&fails] { return fails ? absl::AbortedError("asked to") : absl::OkStatus(); });
  graph_.AddGraph(nested_);
  EXPECT_EQ(scheduler_->Run(graph_).failed, 1);
  fails = false;
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
}

TEST_P(TaskGraphNestedTest, RunsInSeveralPlacesOneAfterTheOther) {
  int ran = 0;
  nested_.Add([&ran] { ++ran; });
  auto first = graph_.AddGraph(nested_);
  auto second = graph_.AddGraph(nested_);
  auto third = graph_.AddGraph(nested_);
  first.Before(second);
  second.Before(third);
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(ran, 3);
}

TEST_P(TaskGraphNestedTest, RunsOnItsOwnBetweenRunsOfTheOuterGraph) {
  int ran = 0;
  nested_.Add([&ran] { ++ran; });
  graph_.AddGraph(nested_);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(scheduler_->Run(graph_).ok());
    EXPECT_EQ(scheduler_->Run(nested_).submitted, 1);
  }
  EXPECT_EQ(ran, 20);
}

// Whether they meet depends on the workers; nothing hangs, and nothing runs twice at once.
TEST_P(TaskGraphNestedTest, InTwoPlacesAtOnceEachEitherRunsOrFails) {
  int ran = 0;
  nested_.Add([&ran] { ++ran; });
  for (int i = 0; i < 8; ++i) graph_.AddGraph(nested_);
  for (int run = 0; run < 100; ++run) {
    ran = 0;
    const RunSummary summary = scheduler_->Run(graph_);
    ASSERT_EQ(summary.completed, ran);
    ASSERT_EQ(summary.completed + summary.failed, 8);
    for (const TaskFailure& failure : summary.failures) {
      ASSERT_EQ(failure.status.code(), absl::StatusCode::kFailedPrecondition);
    }
  }
}

TEST_P(TaskGraphNestedTest, OneThatWasChangedAfterwardsFailsItsNode) {
  nested_.Add([] {});
  graph_.AddGraph(nested_).Name("mill");
  nested_.Add([] {});
  ExpectOneFailure(absl::StatusCode::kFailedPrecondition, "mill", "after the graph was frozen");
}

TEST_P(TaskGraphNestedTest, OneThatWasClearedAndNotFrozenFailsItsNode) {
  nested_.Add([] {});
  graph_.AddGraph(nested_).Name("mill");
  ASSERT_TRUE(nested_.Clear().ok());
  nested_.Add([] {});
  ExpectOneFailure(absl::StatusCode::kFailedPrecondition, "mill", "frozen");
}

TEST_P(TaskGraphNestedTest, RunsEachNodeOfThreeLevels) {
  std::atomic<int> ran{0};
  const auto count = [&ran] { ++ran; };
  TaskGraph innermost;
  innermost.Add(count).Before(innermost.Add(count));
  nested_.AddGraph(innermost).Before(nested_.Add(count));
  TaskGraph middle;
  middle.AddGraph(nested_).Before(middle.Add(count));
  TaskGraph outer;
  outer.AddGraph(middle).Before(outer.Add(count));
  for (int run = 0; run < 50; ++run) EXPECT_TRUE(scheduler_->Run(outer).ok());
  EXPECT_EQ(ran, 250);
}

TEST_P(TaskGraphNestedTest, RunsManyRoots) {
  std::vector<int> ran(WEFT_SANITIZED ? 10'000 : 100'000);
  for (int& each : ran) nested_.Add([&each] { ++each; });
  long sum = 0;
  graph_.AddGraph(nested_).Before(graph_.Add([&] {
    for (const int each : ran) sum += each;
  }));
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(sum, 3 * static_cast<long>(ran.size()));
}

// Many small ones at once, each a graph of its own.
TEST_P(TaskGraphNestedTest, ManyRunSideBySide) {
  constexpr int kGraphs = 300;
  std::atomic<int> ran{0};
  std::vector<std::unique_ptr<TaskGraph>> graphs;
  TaskGraph outer;
  auto last = outer.Add([&ran] { EXPECT_EQ(ran % (3 * kGraphs), 0); });
  for (int i = 0; i < kGraphs; ++i) {
    graphs.push_back(std::make_unique<TaskGraph>());
    for (int k = 0; k < 3; ++k) graphs.back()->Add([&ran] { ++ran; });
    outer.AddGraph(*graphs.back()).Before(last);
  }
  for (int run = 0; run < 30; ++run) ASSERT_TRUE(scheduler_->Run(outer).ok());
  EXPECT_EQ(ran, 30 * 3 * kGraphs);
}

TEST(TaskGraphNestedBuildTest, AGraphIsNoNodeOfItself) {
  TaskGraph graph;
  graph.AddGraph(graph);
  EXPECT_EQ(graph.Freeze().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TaskGraphNestedBuildTest, TwoGraphsAreNotNodesOfEachOther) {
  TaskGraph a;
  TaskGraph b;
  a.AddGraph(b);
  b.AddGraph(a);  // b is frozen by now
  EXPECT_EQ(b.Freeze().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(TaskGraphNestedBuildTest, ACycleInsideIsFoundByTheOuterFreeze) {
  TaskGraph nested;
  auto a = nested.Add([] {}).Name("a");
  a.Before(a);
  TaskGraph graph;
  graph.AddGraph(nested);
  EXPECT_EQ(Message(graph.Freeze()), "circular dependency: a -> a");
}

class TaskGraphNestedThreadsTest : public TaskGraphNestedTest {};
INSTANTIATE_TEST_SUITE_P(Engines, TaskGraphNestedThreadsTest, ::testing::Values(2, 8),
                         testing::EngineName);

constexpr absl::Duration kHangs = absl::Seconds(20);

// The nested body ends only when a node after the other, refused place has run.
TEST_P(TaskGraphNestedThreadsTest, TheLaterOfTwoPlacesAtOnceFails) {
  absl::Notification refused;
  nested_.Add([&refused] { EXPECT_TRUE(refused.WaitForNotificationWithTimeout(kHangs)); });
  for (int i = 0; i < 2; ++i) {
    auto after = graph_.Add([&refused] {
      if (!refused.HasBeenNotified()) refused.Notify();
    });
    after.After(graph_.AddGraph(nested_).Name("place"));
    after.OnFailedDependency(DependencyPolicy::kRunAnyway);
  }
  ExpectOneFailure(absl::StatusCode::kFailedPrecondition, "place", "running already");
}

//   root -> [nested] -> after      root -> beside, which waits for `after`
TEST_P(TaskGraphNestedThreadsTest, ItsEndDoesNotWaitForABodyBeside) {
  for (int run = 0; run < 20; ++run) {
    absl::Notification ended;
    bool in_time = false;
    TaskGraph nested;
    TaskGraph graph;
    nested.Add([] {});
    auto root = graph.Add([] {});
    auto node = graph.AddGraph(nested);
    auto beside = graph.Add([&] { in_time = ended.WaitForNotificationWithTimeout(kHangs); });
    root.Before(node, beside);
    node.Before(graph.Add([&ended] { ended.Notify(); }));
    EXPECT_TRUE(scheduler_->Run(graph).ok());
    ASSERT_TRUE(in_time) << "run " << run;
  }
}

}  // namespace
}  // namespace weft
