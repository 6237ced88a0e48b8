// SPDX-License-Identifier: Apache-2.0
//
// Nodes of graphs that wait for tasks: who runs a graph cannot go on before its nodes do.

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class GraphWaitTest : public testing::EngineTest {
 protected:
  // A task of this name that runs `graph`, once it is opened.
  Task<> Runs(const std::string& name, TaskGraph& graph) {
    return *scheduler_->Schedule(
        {.id = name,
         .function = [this, &graph] { return scheduler_->Run(graph).status; },
         .dependencies = {TaskRef("open")}});
  }
  void Open() {
    ASSERT_TRUE(scheduler_->Schedule({.id = "open", .function = [] {}}).ok());
  }

  static void ExpectRefused(const absl::Status& waited, const std::string& path) {
    EXPECT_TRUE(absl::IsFailedPrecondition(waited)) << waited;
    EXPECT_THAT(std::string(waited.message()), AllOf(HasSubstr("never end"), HasSubstr(path)));
  }
};
WEFT_ON_ALL_ENGINES(GraphWaitTest);
class ThreadedGraphWaitTest : public GraphWaitTest {};
WEFT_ON_THREADED_ENGINES(ThreadedGraphWaitTest);

// What a round's last node has submitted runs before the round is known to have ended.
TEST_P(GraphWaitTest, ForTheTaskThatRunsTheGraphBetweenTwoRounds) {
  for (const bool submits : {false, true}) {
    TaskGraph round;
    TaskGraph graph;
    absl::Status waited;
    Task<> caller;
    round.Add([&] {
      if (submits) scheduler_->Submit([] {});
    });
    graph.AddGraph(round, [&] {
      waited = caller.Wait();
      return false;
    });
    absl::Notification known;
    caller = scheduler_->Submit([&] {
      known.WaitForNotification();
      EXPECT_TRUE(scheduler_->Run(graph).ok());
    });
    known.Notify();
    EXPECT_TRUE(caller.Wait().ok());
    ExpectRefused(waited, "waits for");
  }
}

TEST_P(GraphWaitTest, ForTheTaskThatRunsTheGraph) {
  TaskGraph graph;
  absl::Status waited;
  Task<> caller;
  graph.Add([&] { waited = caller.Wait(); }).Before(graph.Add([] {}));
  caller = Runs("caller", graph);
  Open();
  EXPECT_TRUE(caller.Wait().ok());
  ExpectRefused(waited, "a graph of 2 nodes waits for caller -> a graph of 2 nodes");
}

TEST_P(GraphWaitTest, ForTheGroupOfTheTaskThatRunsTheGraph) {
  TaskGraph graph;
  absl::Status waited;
  TaskGroup group(*scheduler_);
  graph.Add([&] { waited = group.Wait().status; });
  group.Submit([&] { return scheduler_->Run(graph).status; });
  EXPECT_EQ(group.Wait().completed, 1);
  ExpectRefused(waited, "a graph of 1 node waits for task");
}

TEST_P(GraphWaitTest, ForATaskBehindTheOneThatRunsTheGraph) {
  TaskGraph graph;
  absl::Status waited;
  Task<> behind;
  graph.Add([&] { waited = behind.Wait(); });
  const Task<> caller = Runs("caller", graph);
  const auto between =
      *scheduler_->Schedule({.id = "between", .function = [] {}, .dependencies = {caller}});
  behind = *scheduler_->Schedule({.id = "behind", .function = [] {}, .dependencies = {between}});
  Open();
  EXPECT_TRUE(behind.Wait().ok());
  ExpectRefused(waited, "waits for behind -> between -> caller -> a graph of 1 node");
}

TEST_P(GraphWaitTest, FromANestedGraph) {
  TaskGraph innermost;
  TaskGraph inner;
  TaskGraph outer;
  absl::Status waited;
  Task<> caller;
  innermost.Add([&] { waited = caller.Wait(); });
  inner.AddGraph(innermost);
  outer.Add([] {}).Before(outer.AddGraph(inner));
  caller = Runs("caller", outer);
  Open();
  EXPECT_TRUE(caller.Wait().ok());
  ExpectRefused(waited, "a graph of 2 nodes waits for caller");
}

TEST_P(GraphWaitTest, ForATaskThatWaitsForTheOneThatRunsTheGraph) {
  TaskGraph graph;
  absl::Status from_node;
  absl::Status from_task;
  Task<> caller;
  Task<> waits;
  graph.Add([&] { from_node = waits.Wait(); });
  caller = Runs("caller", graph);
  waits = *scheduler_->Schedule({.id = "waits",
                                 .function = [&] { from_task = caller.Wait(); },
                                 .dependencies = {TaskRef("open")}});
  Open();
  EXPECT_TRUE(scheduler_->WaitAll().ok());
  // Whoever comes second is refused, if both come before the other has ended.
  EXPECT_TRUE(from_node.ok() || absl::IsFailedPrecondition(from_node)) << from_node;
  EXPECT_TRUE(from_task.ok() || absl::IsFailedPrecondition(from_task)) << from_task;
  EXPECT_TRUE(from_node.ok() || from_task.ok());
}

// A node may wait for what does not depend on it, also for what it has just submitted.
TEST_P(GraphWaitTest, ForOthers) {
  TaskGraph graph;
  std::atomic<int> sum{0};
  const auto other = scheduler_->Submit([] { return 1; });
  for (int i = 0; i < 20; ++i) {
    graph.Add([&] {
      sum += other.Get().value_or(-1000);
      sum += scheduler_->Submit([] { return 1; }).Get().value_or(-1000);
      TaskGroup group(*scheduler_);
      group.Submit([&sum] { ++sum; });
      EXPECT_TRUE(group.Wait().ok());
    });
  }
  EXPECT_TRUE(scheduler_->Run(graph).ok());
  const auto caller = scheduler_->Submit([&] { return scheduler_->Run(graph).status; });
  EXPECT_TRUE(caller.Get().ok());
  EXPECT_EQ(sum, 2 * 20 * 3);
}

// What the caller does afterwards is its own again.
TEST_P(GraphWaitTest, TheCallerWaitsForItselfAfterwards) {
  TaskGraph graph;
  graph.Add([] {});
  absl::Status waited;
  Task<> caller;
  const auto gate =
      *scheduler_->Schedule({.id = "gate", .function = [] {}, .dependencies = {TaskRef("open")}});
  caller = scheduler_->Submit(
      [&] {
        const auto child = scheduler_->Submit([] { return 1; });
        EXPECT_TRUE(scheduler_->Run(graph).ok());
        EXPECT_EQ(child.Get().value_or(0), 1);
        waited = caller.Wait();
      },
      After(gate));
  Open();
  EXPECT_TRUE(caller.Wait().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(waited)) << waited;
}

TEST_P(GraphWaitTest, NestedRunsThatNeedMuchStackAreNoOverflow) {
  std::function<absl::Status(int)> descend = [&](int levels) -> absl::Status {
    std::array<volatile char, 64 << 10> room{};
    room[static_cast<std::size_t>(levels)] = 1;
    if (levels == 0) return absl::OkStatus();
    TaskGraph graph;
    graph.Add([&descend, levels] { return descend(levels - 1); });
    const RunSummary summary = scheduler_->Run(graph);
    if (summary.failed == 1) return summary.failures.front().status;
    return room[static_cast<std::size_t>(levels)] == 1 ? summary.status
                                                       : absl::InternalError("overwritten");
  };
  EXPECT_TRUE(scheduler_->Submit([&] { return descend(10); }).Get().ok());
  const auto deep = scheduler_->Submit([&] { return descend(1000); });
  EXPECT_TRUE(absl::IsResourceExhausted(deep.Get())) << deep.Get();
}

TEST_P(ThreadedGraphWaitTest, FromAGraphThatANodeRuns) {
  TaskGraph inner;
  TaskGraph outer;
  absl::Status waited;
  Task<> caller;
  inner.Add([&] { waited = caller.Wait(); });
  outer.Add([&] { return scheduler_->Run(inner).status; });
  outer.Add([] {});
  caller = Runs("caller", outer);
  Open();
  EXPECT_TRUE(caller.Wait().ok());
  ExpectRefused(waited,
                "a graph of 1 node waits for caller -> a graph of 2 nodes -> a graph of 1 node");
}

// Each graph's node waits for the task that runs the other graph.
TEST_P(ThreadedGraphWaitTest, TwoGraphsForEachOthersCallers) {
  for (int round = 0; round < 50; ++round) {
    TaskGroup group(*scheduler_);
    std::array<TaskGraph, 2> graphs;
    std::array<Task<>, 2> callers;
    std::array<absl::Status, 2> waited;
    absl::Barrier* const both = new absl::Barrier(2);
    for (std::size_t i = 0; i < 2; ++i) {
      graphs[i].Add([&, i] {
        {
          const BlockingScope blocking;
          if (both->Block()) delete both;
        }
        waited[i] = callers[1 - i].Wait();
      });
    }
    const auto gate =
        *group.Schedule({.id = "gate", .function = [] {}, .dependencies = {TaskRef("open")}});
    for (std::size_t i = 0; i < 2; ++i) {
      callers[i] = group.Submit([&, i] { return scheduler_->Run(graphs[i]).status; }, After(gate));
    }
    ASSERT_TRUE(group.Schedule({.id = "open", .function = [] {}}).ok());
    ASSERT_TRUE(group.Wait().ok());
    // One at least was refused; the other waited for it, or was, too.
    ASSERT_FALSE(waited[0].ok() && waited[1].ok());
    for (const absl::Status& status : waited) {
      ASSERT_TRUE(status.ok() || absl::IsFailedPrecondition(status)) << status;
    }
  }
}

// A run that a thread from outside waits for has no task that could be waited for.
TEST_P(ThreadedGraphWaitTest, ARunFromOutsideIsNobodysTask) {
  TaskGraph graph;
  testing::Gate gate;
  const auto held = scheduler_->Submit([&] {
    const BlockingScope blocking;
    gate.Pass();
  });
  gate.AwaitEntered();
  graph.Add([&] { EXPECT_TRUE(held.Wait().ok()); });
  graph.Add([&] { gate.Open(); });
  EXPECT_TRUE(scheduler_->Run(graph).ok());
}

}  // namespace
}  // namespace weft
