// SPDX-License-Identifier: Apache-2.0
//
// Runs of a TaskGraph that are cancelled, before and while they run.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/engines.h"
#include "weft/core/cancellation.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

class TaskGraphCancelTest : public testing::EngineTest {
 protected:
  RunSummary Run(TaskGraph& graph) {
    const RunSummary summary = scheduler_->Run(graph, {.cancellation = source_.token()});
    EXPECT_EQ(summary.completed + summary.failed + summary.cancelled + summary.skipped,
              summary.submitted);
    return summary;
  }
  // A body that asks for the end of its own run.
  auto Canceller() {
    return [this] { source_.Cancel(absl::AbortedError("enough")); };
  }

  CancellationSource source_;
  TaskGraph nested_;
  TaskGraph graph_;
};
WEFT_ON_ALL_ENGINES(TaskGraphCancelTest);

//   100 x (root -> after)
TEST_P(TaskGraphCancelTest, ARunThatWasCancelledBeforeRunsNothing) {
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) {
    graph_.Add([&ran] { ++ran; }).Before(graph_.Add([&ran] { ++ran; }));
  }
  source_.Cancel(absl::AbortedError("too late"));
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(summary.status, absl::AbortedError("too late"));
  EXPECT_EQ(summary.cancelled, 100);
  EXPECT_EQ(summary.skipped, 100);
  EXPECT_TRUE(summary.failures.empty());
}

TEST_P(TaskGraphCancelTest, AnEmptyGraphIsCancelledToo) {
  source_.Cancel(absl::AbortedError("too late"));
  EXPECT_EQ(Run(graph_).status.code(), absl::StatusCode::kAborted);
}

//   cancel -> a -> b
TEST_P(TaskGraphCancelTest, WhatHasNotStartedEndsUnrun) {
  auto cancel = graph_.Add(Canceller());
  auto a = graph_.Add([] { FAIL(); });
  a.After(cancel);
  a.Before(graph_.Add([] { FAIL(); }));
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(summary.status, absl::AbortedError("enough"));
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.skipped, 1);
}

TEST_P(TaskGraphCancelTest, RunAnywayDoesNotOutliveACancel) {
  auto a = graph_.Add([] { FAIL(); }).OnFailedDependency(DependencyPolicy::kRunAnyway);
  a.After(graph_.Add(Canceller()));
  a.Before(graph_.Add([] { FAIL(); }).OnFailedDependency(DependencyPolicy::kRunAnyway));
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(summary.completed, 1);
  EXPECT_EQ(summary.cancelled, 2);
}

TEST_P(TaskGraphCancelTest, InTheMiddleOfManyEachEndsOnce) {
  constexpr int kCount = 5000;
  std::atomic<int> ran{0};
  for (int i = 0; i < kCount; ++i) {
    graph_.Add([&ran, this] {
      if (++ran == kCount / 2) Canceller()();
    });
  }
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(summary.submitted, kCount);
  EXPECT_EQ(summary.completed, ran);
  EXPECT_GE(summary.completed, kCount / 2);
  EXPECT_EQ(summary.skipped + summary.failed, 0);
}

TEST_P(TaskGraphCancelTest, ARunningBodySeesTheRequest) {
  absl::Status reason;
  graph_.Add([&](TaskContext& context) {
    const CancellationToken token = context.token();
    EXPECT_FALSE(context.cancelled() || token.cancelled());
    Canceller()();
    EXPECT_TRUE(context.cancelled() && token.cancelled());
    EXPECT_TRUE(context.token().cancelled());
    reason = token.reason();
  });
  EXPECT_EQ(Run(graph_).completed, 1);  // what it returned is kept
  EXPECT_EQ(reason, absl::AbortedError("enough"));
}

TEST_P(TaskGraphCancelTest, ABodyThatGivesInIsCancelledNotFailed) {
  graph_.Add([this] {
    Canceller()();
    return absl::CancelledError("gave in");
  });
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.failed, 0);
  EXPECT_TRUE(summary.failures.empty());
}

TEST_P(TaskGraphCancelTest, ABodyThatFailsMeanwhileIsListed) {
  graph_.Add([this] {
    Canceller()();
    return absl::DataLossError("torn");
  });
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.failures.size(), 1u);
}

TEST_P(TaskGraphCancelTest, ACancelledStatusWithoutARequestIsAFailure) {
  graph_.Add([] { return absl::CancelledError("by whom?"); });
  EXPECT_EQ(Run(graph_).failed, 1);
}

TEST_P(TaskGraphCancelTest, TheNextRunIsNotCancelled) {
  bool asks = true;
  std::vector<CancellationToken> tokens;
  auto first = graph_.Add([&](TaskContext& context) {
    EXPECT_FALSE(context.cancelled());
    tokens.push_back(context.token());
    if (asks) Canceller()();
  });
  auto second = graph_.Add([] {});
  second.After(first);
  EXPECT_EQ(Run(graph_).cancelled, 1);
  asks = false;
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_TRUE(tokens[0].cancelled());
  EXPECT_FALSE(tokens[1].cancelled());
}

TEST_P(TaskGraphCancelTest, ATokenFollowsItsOwnRunOnly) {
  CancellationToken kept;
  bool asks = false;
  graph_.Add([&](TaskContext& context) {
    if (asks) return Canceller()();
    kept = context.token();
  });
  EXPECT_TRUE(Run(graph_).ok());
  asks = true;
  EXPECT_FALSE(Run(graph_).ok());
  EXPECT_FALSE(kept.cancelled());
}

TEST_P(TaskGraphCancelTest, AfterTheEndItChangesNothing) {
  graph_.Add([] {});
  EXPECT_TRUE(Run(graph_).ok());
  source_.Cancel(absl::AbortedError("late"));
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
}

TEST_P(TaskGraphCancelTest, ANestedGraphStopsWithItsRun) {
  auto cancel = nested_.Add(Canceller());
  cancel.Before(nested_.Add([] { FAIL(); }));
  graph_.AddGraph(nested_).Before(graph_.Add([] { FAIL(); }));
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.skipped, 1);
}

TEST_P(TaskGraphCancelTest, ANestedGraphIsNotCancelledInItsOwnNextRun) {
  bool asks = true;
  nested_
      .Add([&] {
        if (asks) Canceller()();
      })
      .Before(nested_.Add([] {}));
  graph_.AddGraph(nested_);
  EXPECT_EQ(Run(graph_).cancelled, 1);
  asks = false;
  EXPECT_TRUE(scheduler_->Run(nested_).ok());
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
}

TEST_P(TaskGraphCancelTest, ANestedGraphThatHasCompletedIsKept) {
  nested_.Add(Canceller());
  graph_.AddGraph(nested_);
  EXPECT_EQ(Run(graph_).completed, 1);
}

TEST_P(TaskGraphCancelTest, ANestedBodySeesTheOuterRequest) {
  nested_.Add([this](TaskContext& context) {
    const CancellationToken token = context.token();
    EXPECT_FALSE(token.cancelled());
    Canceller()();
    EXPECT_TRUE(context.cancelled() && token.cancelled());
  });
  graph_.AddGraph(nested_);
  Run(graph_);
}

TEST_P(TaskGraphCancelTest, AnEndlessLoopEnds) {
  int rounds = 0;
  nested_.Add([&] {
    if (++rounds == 1000) Canceller()();
  });
  graph_.AddGraph(nested_, [] { return true; });
  EXPECT_EQ(Run(graph_).cancelled, 1);
  EXPECT_EQ(rounds, 1000);
}

TEST_P(TaskGraphCancelTest, AnEndlessLoopOfNothingEnds) {
  int rounds = 0;
  graph_.AddGraph(nested_, [&] {
    if (++rounds == 1000) Canceller()();
    return true;
  });
  EXPECT_EQ(Run(graph_).cancelled, 1);
  EXPECT_EQ(rounds, 1000);
}

TEST_P(TaskGraphCancelTest, AConditionThatIsCancelledTakesNone) {
  auto choose = graph_.AddCondition([] { return 0; });
  choose.After(graph_.Add(Canceller()));
  choose.Before(graph_.Add([] { FAIL(); }));
  const RunSummary summary = Run(graph_);
  EXPECT_EQ(summary.cancelled, 1);
  EXPECT_EQ(summary.skipped, 1);
}

}  // namespace
}  // namespace weft
