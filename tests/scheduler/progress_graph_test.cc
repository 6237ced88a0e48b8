// SPDX-License-Identifier: Apache-2.0
//
// GroupOptions::progress of runs of graphs.

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "scheduler/counted.h"
#include "testing/engines.h"
#include "testing/random_ending.h"
#include "weft/core/cancellation.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::Counted;
using testing::WholeOf;

constexpr auto Whole = &Counted::Whole;

class ProgressGraphTest : public testing::EngineTest {
 protected:
  RunSummary Run(Counted& counted) {
    return scheduler_->Run(graph_, {.progress = &counted.tracker});
  }

  TaskGraph nested_;
  TaskGraph graph_;
};
WEFT_ON_ALL_ENGINES(ProgressGraphTest);

// first - wide... - last
TEST_P(ProgressGraphTest, NodesAreAnnouncedAtTheStartAndEndOnceARun) {
  Counted counted;
  ProgressLevel at_first;
  ProgressLevel at_last;
  auto first = graph_.Add([&] { at_first = counted.whole(); });
  auto last = graph_.Add([&] { at_last = counted.whole(); });
  for (int i = 0; i < 100; ++i) graph_.Add([] {}).After(first).Before(last);
  const RunSummary ended = Run(counted);
  EXPECT_EQ(counted.whole(), WholeOf(ended));
  EXPECT_EQ(counted.whole(), Whole(102, 0, 102));
  EXPECT_EQ(at_first, Whole(0, 0, 102));
  EXPECT_EQ(at_last, Whole(101, 0, 102));
  Run(counted);
  EXPECT_EQ(counted.whole(), Whole(204, 0, 204));
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(counted.whole(), Whole(204, 0, 204)) << "that run counts nowhere";
}

TEST_P(ProgressGraphTest, ARunThatIsStartedCounts) {
  Counted counted;
  for (int i = 0; i < 50; ++i) graph_.Add([] {});
  EXPECT_TRUE(scheduler_->Start(graph_, {.progress = &counted.tracker}).Wait().ok());
  EXPECT_EQ(counted.whole(), Whole(50, 0, 50));
}

// a fails - skipped - skipped;  runs anyway
TEST_P(ProgressGraphTest, WhatIsSkippedForAFailureHasFailed) {
  Counted counted;
  auto a = graph_.Add([] { return absl::AbortedError("no"); });
  auto skipped = graph_.Add([] {}).After(a);
  graph_.Add([] {}).After(skipped);
  graph_.Add([] {}).After(a).OnFailedDependency(DependencyPolicy::kRunAnyway);
  for (int run = 1; run <= 3; ++run) {
    Run(counted);
    EXPECT_EQ(counted.whole(), Whole(run, 3 * run, 4 * run));
  }
}

// choose - taken ----- join
//        \ other - after /
TEST_P(ProgressGraphTest, WhatAConditionDidNotChooseIsDoneWith) {
  Counted counted;
  auto choose = graph_.AddCondition([] { return 0; });
  auto taken = graph_.Add([] {});
  auto other = graph_.Add([] {});
  auto after = graph_.Add([] {}).After(other);
  graph_.Add([] {}).After(taken, after);
  choose.Before(taken, other);
  EXPECT_EQ(Run(counted).skipped, 3);
  EXPECT_EQ(counted.whole(), Whole(5, 0, 5));
}

// choose - other - after;  fails - after
TEST_P(ProgressGraphTest, AFailureCountsAlsoWhereAConditionChoseAnother) {
  Counted counted;
  auto choose = graph_.AddCondition([] { return -1; });
  auto fails = graph_.Add([] { return absl::AbortedError("no"); });
  auto other = graph_.Add([] {}).After(choose);
  auto after = graph_.Add([] {}).After(other, fails);
  graph_.Add([] {}).After(after);
  for (int run = 1; run <= 3; ++run) {
    Run(counted);
    EXPECT_EQ(counted.whole(), Whole(2 * run, 3 * run, 5 * run));
  }
  Counted alone;
  TaskGraph graph;
  auto none = graph.AddCondition([]() -> int { throw 1; });
  graph.Add([] {}).After(none);
  scheduler_->Run(graph, {.progress = &alone.tracker});
  EXPECT_EQ(alone.whole(), Whole(0, 2, 2)) << "the condition itself failed";
}

TEST_P(ProgressGraphTest, ALoopIsOneNodeHoweverManyRoundsItHas) {
  Counted counted;
  int rounds = 0;
  for (int i = 0; i < 10; ++i) nested_.Add([] {});
  nested_.Add([&rounds] { ++rounds; });
  // Also one that has counted by itself before.
  EXPECT_TRUE(scheduler_->Run(nested_, {.progress = &counted.tracker}).ok());
  EXPECT_EQ(counted.whole(), Whole(11, 0, 11));
  auto loop = graph_.AddGraph(nested_, [&rounds] { return rounds % 20 != 0; });
  graph_.Add([] {}).After(loop);
  EXPECT_EQ(Run(counted).completed, 2);
  EXPECT_EQ(rounds, 20);
  EXPECT_EQ(counted.whole(), Whole(13, 0, 13));
}

TEST_P(ProgressGraphTest, ANestedGraphThatFailsIsANodeThatFailed) {
  Counted counted;
  for (int i = 0; i < 10; ++i) nested_.Add([] { return absl::AbortedError("no"); });
  auto loop = graph_.AddGraph(nested_, [] { return true; });
  graph_.Add([] {}).After(loop);
  Run(counted);
  EXPECT_EQ(counted.whole(), Whole(0, 2, 2));
}

TEST_P(ProgressGraphTest, ACancelledRunFailsTheRest) {
  Counted counted;
  CancellationSource source;
  auto last = graph_.Add([] {});
  for (int i = 0; i < 200; ++i) {
    auto next = graph_.Add([&source, i] {
      if (i == 20) source.Cancel(absl::CancelledError("enough"));
    });
    last = next.After(last);
  }
  const RunSummary summary =
      scheduler_->Run(graph_, {.cancellation = source.token(), .progress = &counted.tracker});
  EXPECT_GT(summary.cancelled + summary.skipped, 0);
  EXPECT_EQ(counted.whole(), WholeOf(summary));
}

TEST_P(ProgressGraphTest, AListenerMayCancelTheRunAndSubmit) {
  CancellationSource source;
  std::atomic<int> calls{0};
  TaskGroup group(*scheduler_);
  Counted counted([&] {
    group.Submit([] {});
    if (++calls == 30) source.Cancel(absl::CancelledError("enough"));
  });
  std::mt19937 random(1);
  std::vector<TaskGraph::Node> nodes;
  for (int i = 0; i < 300; ++i) {
    nodes.push_back(graph_.Add([] {}));
    if (i > 0) nodes.back().After(nodes[random() % static_cast<unsigned>(i)]);
  }
  const RunSummary summary =
      scheduler_->Run(graph_, {.cancellation = source.token(), .progress = &counted.tracker});
  EXPECT_EQ(counted.whole(), WholeOf(summary));
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ProgressGraphTest, ARunThatIsRefusedIsNotCountedOneThatIsGivenUpHasFailed) {
  Counted counted;
  graph_.Add([&] {
    EXPECT_FALSE(scheduler_->Run(graph_, {.progress = &counted.tracker}).ok()) << "it runs already";
  });
  EXPECT_TRUE(Run(counted).ok());
  EXPECT_EQ(counted.whole(), Whole(1, 0, 1));
  ASSERT_TRUE(scheduler_->Shutdown().ok());
  EXPECT_FALSE(Run(counted).ok());
  EXPECT_EQ(counted.whole(), Whole(1, 1, 2));
}

TEST_P(ProgressGraphTest, CostsSayHowMuchIsDone) {
  Counted counted;
  double halfway = 0;
  auto big = graph_.Add([] {}).Cost(90);
  auto look = graph_.Add([&] { halfway = counted.tracker.Snapshot().fraction; }).Cost(10);
  look.After(big);
  EXPECT_TRUE(Run(counted).ok());
  EXPECT_DOUBLE_EQ(halfway, 0.9);
}

TEST_P(ProgressGraphTest, APartEndsWithTheRun) {
  ProgressTracker job({.label = "Stage", .total = 2});
  auto part = job.root().AddPart({.label = "Node"});
  for (int i = 0; i < 10; ++i) graph_.Add([] {});
  EXPECT_TRUE(scheduler_->Run(graph_, {.progress = &part}).ok());
  EXPECT_EQ(job.Snapshot().Text(), "Stage 1/2 completed");
}

TEST_P(ProgressGraphTest, EqualsTheSummaryOfRandomGraphs) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    TaskGraph graph;
    std::vector<TaskGraph::Node> nodes;
    for (unsigned i = 0; i < 60; ++i) {
      const auto ending = static_cast<testing::Ending>(random() % 8 == 0 ? 1 + random() % 2 : 0);
      nodes.push_back(graph.Add([ending] { return testing::EndAs(ending); }));
      for (auto edges = random() % 3; i > 0 && edges > 0; --edges) {
        nodes.back().After(nodes[random() % i]);
      }
      if (random() % 5 == 0) nodes.back().OnFailedDependency(DependencyPolicy::kRunAnyway);
      if (random() % 3 == 0) nodes.back().Cost(static_cast<double>(random() % 50));
    }
    Counted counted;
    const RunSummary summary =
        scheduler_->Run(graph, {.fail_fast = random() % 3 == 0, .progress = &counted.tracker});
    ASSERT_EQ(counted.whole(), WholeOf(summary));
  }
}

}  // namespace
}  // namespace weft
