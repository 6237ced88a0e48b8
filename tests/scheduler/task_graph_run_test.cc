// SPDX-License-Identifier: Apache-2.0
//
// Runs of a TaskGraph that go well: each node once, after its predecessors, again and
// again; and in which order, where an order is promised.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::ElementsAre;

// More than any deque holds.
constexpr int kWide = WEFT_SANITIZED ? 10'000 : 100'000;
constexpr int kLong = WEFT_SANITIZED ? 50'000 : 1'000'000;

class TaskGraphRunTest : public testing::EngineTest {
 protected:
  void ExpectAllCompleted(TaskGraph& graph, int count) {
    const RunSummary summary = scheduler_->Run(graph);
    EXPECT_TRUE(summary.ok()) << summary.status;
    EXPECT_EQ(summary.submitted, count);
    EXPECT_EQ(summary.completed, count);
    EXPECT_TRUE(summary.failures.empty());
  }
};
WEFT_ON_ALL_ENGINES(TaskGraphRunTest);

TEST_P(TaskGraphRunTest, AnEmptyGraphCompletesAtOnce) {
  TaskGraph graph;
  ExpectAllCompleted(graph, 0);
  ExpectAllCompleted(graph, 0);
}

TEST_P(TaskGraphRunTest, ASingleNodeRunsOncePerRun) {
  int ran = 0;
  TaskGraph graph;
  graph.Add([&ran] { ++ran; });
  for (int run = 1; run <= 100; ++run) {
    ExpectAllCompleted(graph, 1);
    ASSERT_EQ(ran, run);
  }
}

// A table in which each cell is the sum of the one above and the one to its left. Plain
// numbers: only the order that is promised makes this no race.
class Table {
 public:
  explicit Table(int side) : side_(side), cells_(Index(side, 0)), nodes_(cells_.size()) {
    for (int row = 0; row < side; ++row) {
      for (int column = 0; column < side; ++column) AddCell(row, column);
    }
  }
  TaskGraph& graph() { return graph_; }
  int count() const { return side_ * side_; }
  void Clear() { cells_.assign(cells_.size(), 0); }
  bool HoldsBinomials() const {
    for (int row = 0; row < side_; ++row) {
      for (int column = 0; column < side_; ++column) {
        if (cells_[Index(row, column)] != Sum(row, column)) return false;
      }
    }
    return true;
  }

 private:
  std::size_t Index(int row, int column) const {
    return static_cast<std::size_t>(row * side_ + column);
  }
  unsigned Sum(int row, int column) const {
    if (row == 0 || column == 0) return 1;
    return cells_[Index(row - 1, column)] + cells_[Index(row, column - 1)];
  }
  void AddCell(int row, int column) {
    TaskGraph::Node& node = nodes_[Index(row, column)];
    // += shows a second run of the body.
    node = graph_.Add([this, row, column] { cells_[Index(row, column)] += Sum(row, column); });
    if (row > 0) node.After(nodes_[Index(row - 1, column)]);
    if (column > 0) node.After(nodes_[Index(row, column - 1)]);
  }

  const int side_;
  std::vector<unsigned> cells_;
  std::vector<TaskGraph::Node> nodes_;
  TaskGraph graph_;
};

TEST_P(TaskGraphRunTest, EachNodeRunsOnceAndSeesWhatItsPredecessorsWrote) {
  Table table(20);
  for (int run = 0; run < 500; ++run) {
    table.Clear();
    ExpectAllCompleted(table.graph(), table.count());
    ASSERT_TRUE(table.HoldsBinomials()) << "run " << run;
  }
}

// root -> 100,000 leaves -> sum
TEST_P(TaskGraphRunTest, FansOutAndInFurtherThanADequeIsLong) {
  int seed = 0;
  std::vector<int> leaves(kWide);
  long sum = 0;
  TaskGraph graph;
  auto root = graph.Add([&] { ++seed; });
  auto last = graph.Add([&] {
    for (const int leaf : leaves) sum += leaf;
  });
  for (int& leaf : leaves) {
    auto node = graph.Add([&leaf, &seed] { leaf += seed; });
    node.After(root);
    node.Before(last);
  }
  for (int run = 0; run < 3; ++run) ExpectAllCompleted(graph, kWide + 2);
  EXPECT_EQ(sum, 1L * kWide * (1 + 3 + 6));
}

TEST_P(TaskGraphRunTest, AChainNeedsNoStack) {
  int ran = 0;
  bool in_order = true;
  TaskGraph graph;
  TaskGraph::Node before;
  for (int i = 0; i < kLong; ++i) {
    auto node = graph.Add([&, i] { in_order = in_order && ran++ == i; });
    if (i > 0) node.After(before);
    before = node;
  }
  ExpectAllCompleted(graph, kLong);
  EXPECT_EQ(ran, kLong);
  EXPECT_TRUE(in_order);
}

TEST_P(TaskGraphRunTest, RunsManyRoots) {
  std::vector<int> ran(kWide);
  TaskGraph graph;
  for (int& each : ran) graph.Add([&each] { ++each; });
  for (int run = 1; run <= 3; ++run) {
    ExpectAllCompleted(graph, kWide);
    ASSERT_EQ(ran, std::vector<int>(kWide, run));
  }
}

// 64 nodes, each before all of the next layer, 20 layers.
TEST_P(TaskGraphRunTest, JoinsAreCountedDownByManyAtOnce) {
  constexpr int kWidth = 64;
  constexpr int kLayers = 20;
  std::vector<int> stamps(kWidth * kLayers);
  TaskGraph graph;
  std::vector<TaskGraph::Node> layer;
  for (int i = 0; i < kWidth * kLayers; i += kWidth) {
    std::vector<TaskGraph::Node> next;
    for (int k = 0; k < kWidth; ++k) {
      next.push_back(graph.Add([&stamps, i, k] {
        const auto at = static_cast<std::size_t>(i);
        int sum = 0;
        for (std::size_t j = 0; i > 0 && j < kWidth; ++j) sum += stamps[at - kWidth + j];
        stamps[at + static_cast<std::size_t>(k)] = i == 0 ? 1 : sum / kWidth + 1;
      }));
      for (auto& before : layer) next.back().After(before);
    }
    layer = std::move(next);
  }
  for (int run = 0; run < 20; ++run) {
    stamps.assign(stamps.size(), 0);
    ExpectAllCompleted(graph, kWidth * kLayers);
    ASSERT_EQ(stamps.back(), kLayers);
  }
}

TEST_P(TaskGraphRunTest, ABoundOnWhatIsSubmittedIsRefused) {
  TaskGraph graph;
  std::atomic<int> ran{0};
  graph.Add([&ran] { ++ran; });
  const absl::Status refused = scheduler_->Run(graph, {.max_pending_tasks = 1}).status;
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("max_pending_tasks"));
  EXPECT_EQ(scheduler_->Start(graph, {.max_pending_tasks = 1}).Get().status(), refused);
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(scheduler_->Run(graph).ok());
}

TEST_P(TaskGraphRunTest, AnEdgeThatWasGivenTwiceCountsAsOne) {
  std::atomic<int> ran{0};
  TaskGraph graph;
  auto a = graph.Add([&] { ++ran; });
  auto b = graph.Add([&] { EXPECT_GE(ran++, 1); });
  a.Before(b, b);
  b.After(a);
  ExpectAllCompleted(graph, 2);
  ExpectAllCompleted(graph, 2);
  EXPECT_EQ(ran, 4);
}

TEST_P(TaskGraphRunTest, AGraphMovesFromSchedulerToScheduler) {
  Table table(10);
  for (const int workers : {1, 0, 2, 8}) {
    table.Clear();
    ExpectAllCompleted(table.graph(), table.count());
    EXPECT_TRUE(table.HoldsBinomials());
    table.Clear();
    EXPECT_TRUE(testing::MakeScheduler(workers)->Run(table.graph()).ok());
    EXPECT_TRUE(table.HoldsBinomials());
  }
}

TEST_P(TaskGraphRunTest, AClearedGraphIsBuiltAndRunAnew) {
  int ran = 0;
  TaskGraph graph;
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 2000; ++i) graph.Add([] {});
    graph.Add([&ran] { ++ran; });
    ExpectAllCompleted(graph, 2001);
    EXPECT_EQ(ran, round);
    ASSERT_TRUE(graph.Clear().ok());
  }
}

TEST_P(TaskGraphRunTest, TheContextTellsWorkerAndAttempt) {
  TaskGraph graph;
  for (int i = 0; i < 100; ++i) {
    graph.Add([this](TaskContext& context) {
      EXPECT_GE(context.worker(), 0);
      EXPECT_LT(context.worker(), scheduler_->worker_count());
      EXPECT_EQ(context.attempt(), 1);
      EXPECT_FALSE(context.cancelled());
    });
  }
  ExpectAllCompleted(graph, 100);
}

TEST_P(TaskGraphRunTest, ARefusedGraphRunsNothing) {
  int ran = 0;
  TaskGraph graph;
  auto a = graph.Add([&ran] { ++ran; }).Name("a");
  graph.Add([&ran] { ++ran; });
  a.Before(a);
  const RunSummary summary = scheduler_->Run(graph);
  EXPECT_EQ(std::string(summary.status.message()), "circular dependency: a -> a");
  EXPECT_EQ(summary.submitted, 0);
  EXPECT_FALSE(summary.ok());
  EXPECT_EQ(ran, 0);
}

TEST_P(TaskGraphRunTest, ANodeAddedAfterARunIsRefusedByTheNext) {
  int ran = 0;
  TaskGraph graph;
  graph.Add([&ran] { ++ran; });
  ExpectAllCompleted(graph, 1);
  graph.Add([&ran] { ++ran; });
  EXPECT_EQ(scheduler_->Run(graph).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ran, 1);
}

TEST_P(TaskGraphRunTest, ElapsedIsTheTimeOfTheRun) {
  VirtualClock clock;
  const auto scheduler = testing::MakeScheduler(GetParam(), {.clock = &clock});
  TaskGraph graph;
  graph.Add([&clock] { clock.Advance(absl::Seconds(3)); });
  EXPECT_EQ(scheduler->Run(graph).elapsed, absl::Seconds(3));
  EXPECT_EQ(scheduler->Run(graph).elapsed, absl::Seconds(3));
}

}  // namespace
}  // namespace weft
