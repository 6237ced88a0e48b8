// SPDX-License-Identifier: Apache-2.0
//
// Runs of a TaskGraph in which nodes fail.

#include <algorithm>
#include <atomic>
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

using ::testing::HasSubstr;

class TaskGraphFailureTest : public testing::EngineTest {
 protected:
  void ExpectCounts(const RunSummary& summary, int completed, int failed, int skipped) {
    EXPECT_TRUE(summary.status.ok()) << summary.status;
    EXPECT_EQ(summary.submitted, completed + failed + skipped);
    EXPECT_EQ(summary.completed, completed);
    EXPECT_EQ(summary.failed, failed);
    EXPECT_EQ(summary.skipped, skipped);
    EXPECT_EQ(summary.cancelled, 0);
    EXPECT_EQ(summary.ok(), failed + skipped == 0);
  }
  // What one node that does `body` leaves in the summary.
  template <class F>
  absl::Status FailureOf(F body) {
    TaskGraph graph;
    graph.Add(body);
    const RunSummary summary = scheduler_->Run(graph);
    EXPECT_EQ(summary.failed, 1);
    return summary.failures.empty() ? absl::OkStatus() : summary.failures[0].status;
  }
};
WEFT_ON_ALL_ENGINES(TaskGraphFailureTest);

absl::Status Abort() { return absl::AbortedError("no more thread"); }

//   bad -> b -> c      a -> d
TEST_P(TaskGraphFailureTest, SkipsWhatComesAfterAndGoesOnBeside) {
  std::atomic<int> ran{0};
  TaskGraph graph;
  const auto count = [&ran] { ++ran; };
  auto bad = graph.Add(Abort);
  auto b = graph.Add(count);
  auto c = graph.Add(count);
  auto a = graph.Add(count);
  auto d = graph.Add(count);
  bad.Before(b);
  b.Before(c);
  a.Before(d);
  ExpectCounts(scheduler_->Run(graph), 2, 1, 2);
  EXPECT_EQ(ran, 2);
}

//   good, bad, good -> join -> after
TEST_P(TaskGraphFailureTest, OneFailedPredecessorOfManyIsEnough) {
  TaskGraph graph;
  auto join = graph.Add([] { FAIL(); });
  join.Before(graph.Add([] { FAIL(); }));
  join.After(graph.Add([] {}), graph.Add(Abort), graph.Add([] {}));
  ExpectCounts(scheduler_->Run(graph), 2, 1, 2);
}

TEST_P(TaskGraphFailureTest, AStatusIsKeptAsItIs) {
  const absl::Status failure = FailureOf(Abort);
  EXPECT_EQ(failure, absl::AbortedError("no more thread"));
}

TEST_P(TaskGraphFailureTest, WhateverIsThrownBecomesAStatus) {
  EXPECT_THAT(FailureOf([] { throw std::runtime_error("torn"); }).message(), HasSubstr("torn"));
  EXPECT_THAT(FailureOf([] { throw std::string("text"); }).message(), HasSubstr("text"));
  EXPECT_THAT(FailureOf([] { throw 42; }).message(), HasSubstr("42"));
  EXPECT_EQ(FailureOf([] { throw 42; }).code(), absl::StatusCode::kUnknown);
}

TEST_P(TaskGraphFailureTest, WhatIsThrownNeedsNoText) {
  struct Mute : std::exception {
    const char* what() const noexcept override { return nullptr; }
  };
  EXPECT_FALSE(FailureOf([] { throw Mute(); }).message().empty());
  EXPECT_FALSE(FailureOf([] { throw static_cast<const char*>(nullptr); }).message().empty());
  EXPECT_FALSE(FailureOf([] { throw nullptr; }).message().empty());
  EXPECT_FALSE(FailureOf([] { throw std::vector<int>(); }).message().empty());
}

TEST_P(TaskGraphFailureTest, FailuresAreListedByName) {
  TaskGraph graph;
  graph.Add([] {});
  graph.Add(Abort).Name("parse");
  graph.Add(Abort);
  const RunSummary summary = scheduler_->Run(graph);
  std::vector<std::string> names;
  for (const TaskFailure& failure : summary.failures) names.push_back(failure.name);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("parse", "node 2"));
}

TEST_P(TaskGraphFailureTest, CountsEveryFailureAndKeepsTheFirstThousand) {
  TaskGraph graph;
  for (int i = 0; i < 5000; ++i) {
    graph.Add([i] { return i % 2 == 0 ? Abort() : throw i; });
  }
  for (int run = 0; run < 2; ++run) {
    const RunSummary summary = scheduler_->Run(graph);
    ExpectCounts(summary, 0, 5000, 0);
    EXPECT_EQ(summary.failures.size(), 1000u);
  }
}

//   bad -> skipped -> finally, bad -> finally
TEST_P(TaskGraphFailureTest, RunAnywayRunsAfterFailedAndSkippedPredecessors) {
  bool ran = false;
  TaskGraph graph;
  auto bad = graph.Add(Abort);
  auto skipped = graph.Add([] { FAIL(); });
  auto finally = graph.Add([&ran] { ran = true; }).OnFailedDependency(DependencyPolicy::kRunAnyway);
  bad.Before(skipped, finally);
  skipped.Before(finally);
  ExpectCounts(scheduler_->Run(graph), 1, 1, 1);
  EXPECT_TRUE(ran);
}

TEST_P(TaskGraphFailureTest, RunAnywayStillWaitsForAllPredecessors) {
  int steps = 0;
  TaskGraph graph;
  auto last = graph.Add([&steps] { EXPECT_EQ(steps, 100); })
                  .OnFailedDependency(DependencyPolicy::kRunAnyway);
  last.After(graph.Add(Abort));
  TaskGraph::Node before;
  for (int i = 0; i < 100; ++i) {
    auto step = graph.Add([&steps] { ++steps; });
    if (i > 0) step.After(before);
    before = step;
  }
  last.After(before);
  ExpectCounts(scheduler_->Run(graph), 101, 1, 0);
}

TEST_P(TaskGraphFailureTest, TheLastPolicyCounts) {
  TaskGraph graph;
  graph.Add(Abort).Before(graph.Add([] { FAIL(); })
                              .OnFailedDependency(DependencyPolicy::kRunAnyway)
                              .OnFailedDependency(DependencyPolicy::kSkip));
  ExpectCounts(scheduler_->Run(graph), 0, 1, 1);
}

TEST_P(TaskGraphFailureTest, WhatRunsAnywaySavesWhatComesAfterIt) {
  bool ran = false;
  TaskGraph graph;
  auto repair = graph.Add([] {}).OnFailedDependency(DependencyPolicy::kRunAnyway);
  repair.After(graph.Add(Abort));
  repair.Before(graph.Add([&ran] { ran = true; }));
  ExpectCounts(scheduler_->Run(graph), 2, 1, 0);
  EXPECT_TRUE(ran);
}

// Two layers, so that skipped nodes with several predecessors are there.
TEST_P(TaskGraphFailureTest, AFailedRunLeavesNothingForTheNext) {
  bool fails = false;
  TaskGraph graph;
  auto first = graph.Add([&fails] { return fails ? Abort() : absl::OkStatus(); });
  std::vector<TaskGraph::Node> layer;
  for (int i = 0; i < 50; ++i) {
    layer.push_back(graph.Add([] {}));
    layer.back().After(first);
  }
  for (int i = 0; i < 50; ++i) {
    auto node = graph.Add([] {});
    for (auto& before : layer) node.After(before);
  }
  for (int run = 0; run < 20; ++run) {
    fails = run % 2 == 1;
    ExpectCounts(scheduler_->Run(graph), fails ? 0 : 101, fails ? 1 : 0, fails ? 100 : 0);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace weft
