// SPDX-License-Identifier: Apache-2.0
//
// Nested graphs that are repeated.

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

class TaskGraphLoopTest : public testing::EngineTest {
 protected:
  TaskGraph nested_;
  TaskGraph graph_;
};
WEFT_ON_ALL_ENGINES(TaskGraphLoopTest);

TEST_P(TaskGraphLoopTest, RunsOnceMoreForEachTrue) {
  int rounds = 0;
  int asked = 0;
  nested_.Add([&rounds] { ++rounds; });
  graph_.AddGraph(nested_, [&] {
    EXPECT_EQ(rounds, ++asked);  // after the round, before the next
    return asked % 7 != 0;
  });
  for (int run = 1; run <= 10; ++run) {
    EXPECT_TRUE(scheduler_->Run(graph_).ok());
    ASSERT_EQ(rounds, 7 * run);
  }
}

TEST_P(TaskGraphLoopTest, WhatComesAfterWaitsForTheLastRound) {
  int rounds = 0;
  int seen = 0;
  nested_.Add([&rounds] { ++rounds; }).Before(nested_.Add([] {}));
  graph_.AddGraph(nested_, [&rounds] { return rounds < 100; }).Before(graph_.Add([&] {
    seen = rounds;
  }));
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(seen, 100);
}

TEST_P(TaskGraphLoopTest, ManyRoundsNeedNoStack) {
  constexpr int kRounds = WEFT_SANITIZED ? 10'000 : 100'000;
  int rounds = 0;
  nested_.Add([&rounds] { ++rounds; });
  graph_.AddGraph(nested_, [&rounds] { return rounds < kRounds; });
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(rounds, kRounds);
}

TEST_P(TaskGraphLoopTest, AnEmptyGraphIsRepeatedToo) {
  int asked = 0;
  graph_.AddGraph(nested_, [&asked] { return ++asked < 100'000; });
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(asked, 100'000);
}

TEST_P(TaskGraphLoopTest, ManyRootsAreRepeated) {
  std::vector<int> ran(1000);
  int rounds = 0;
  for (int& each : ran) nested_.Add([&each] { ++each; });
  graph_.AddGraph(nested_, [&rounds] { return ++rounds < 20; });
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(ran, std::vector<int>(1000, 20));
}

TEST_P(TaskGraphLoopTest, APredicateThatThrowsFailsTheNode) {
  int rounds = 0;
  nested_.Add([&rounds] { ++rounds; });
  graph_
      .AddGraph(nested_,
                [&rounds]() -> bool {
                  if (rounds < 3) return true;
                  throw std::runtime_error("torn");
                })
      .Name("loop");
  for (int run = 0; run < 2; ++run) {
    rounds = 0;
    const RunSummary summary = scheduler_->Run(graph_);
    EXPECT_EQ(rounds, 3);
    ASSERT_EQ(summary.failures.size(), 1u);
    EXPECT_EQ(summary.failures[0].name, "loop");
    EXPECT_THAT(summary.failures[0].status.message(), HasSubstr("torn"));
  }
}

TEST_P(TaskGraphLoopTest, AFailureEndsTheLoopUnasked) {
  int rounds = 0;
  nested_.Add([&rounds] { return ++rounds < 3 ? absl::OkStatus() : absl::AbortedError("third"); });
  graph_.AddGraph(nested_, [&rounds] {
    EXPECT_LT(rounds, 3);
    return true;
  });
  const RunSummary summary = scheduler_->Run(graph_);
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(rounds, 3);
}

//   [[[body] x 5, body] x 4] x 3
TEST_P(TaskGraphLoopTest, LoopsRunInsideLoops) {
  int inner = 0;
  int middle = 0;
  int outer = 0;
  int ran = 0;
  TaskGraph innermost;
  TaskGraph between;
  innermost.Add([&ran] { ++ran; });
  between.AddGraph(innermost, [&] { return ++inner % 5 != 0; }).Before(between.Add([&ran] {
    ++ran;
  }));
  nested_.AddGraph(between, [&] { return ++middle % 4 != 0; });
  graph_.AddGraph(nested_, [&] { return ++outer % 3 != 0; });
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(ran, (5 + 1) * 4 * 3);
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(ran, (5 + 1) * 4 * 3 * 2);
}

// The way out of a loop is a condition's choice in it.
TEST_P(TaskGraphLoopTest, AConditionInsideChoosesAnewInEachRound) {
  int rounds = 0;
  int even = 0;
  int odd = 0;
  auto choose = nested_.AddCondition([&rounds] { return rounds % 2; });
  choose.Before(nested_.Add([&even] { ++even; }), nested_.Add([&odd] { ++odd; }));
  graph_.AddGraph(nested_, [&rounds] { return ++rounds < 9; });
  EXPECT_TRUE(scheduler_->Run(graph_).ok());
  EXPECT_EQ(even, 5);
  EXPECT_EQ(odd, 4);
}

}  // namespace
}  // namespace weft
