// SPDX-License-Identifier: Apache-2.0
//
// What a summary says of the recorded run of a graph.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/timed_engine.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using absl::Microseconds;
using ::testing::ElementsAre;

SchedulerOptions Recorded() {
  SchedulerOptions options;
  options.record_runs = true;
  return options;
}

absl::Duration Sum(const std::vector<absl::Duration>& durations) {
  return std::accumulate(durations.begin(), durations.end(), absl::ZeroDuration());
}

std::vector<std::string> NamesOf(const RunSummary& summary) {
  std::vector<std::string> names;
  for (const CriticalStep& step : summary.critical_path) names.push_back(step.name);
  return names;
}

class ExactGraphSummaryTest : public ::testing::TestWithParam<int> {
 protected:
  VirtualClock clock_;
  std::unique_ptr<TaskScheduler> scheduler_ =
      testing::MakeVirtualScheduler(-GetParam(), clock_, Recorded());
};
INSTANTIATE_TEST_SUITE_P(Workers, ExactGraphSummaryTest, ::testing::Values(1, 2, 5));

TEST_P(ExactGraphSummaryTest, EqualsWhatTheBodiesSaw) {
  struct Job {
    absl::Duration cost;
    std::vector<std::size_t> after;
    absl::Duration ended;
    int worker = 0;
  };
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<Job> jobs(1 + random() % 60);
    TaskGraph graph;
    std::vector<TaskGraph::Node> nodes;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const double cost = 1 + static_cast<double>(random() % 1'000'000) / 1000;
      jobs[i].cost = Microseconds(cost);
      nodes.push_back(graph
                          .Add([this, &job = jobs[i]](TaskContext& context) {
                            job.ended = clock_.Now();
                            job.worker = context.worker();
                          })
                          .Cost(cost)
                          .Name(std::to_string(i)));
      for (std::uint64_t n = random() % 3; n > 0 && i > 0; --n) {
        jobs[i].after.push_back(random() % i);
        nodes.back().After(nodes[jobs[i].after.back()]);
      }
    }
    for (int run = 0; run < 2; ++run) {
      const absl::Duration begin = clock_.Now();
      const RunSummary summary = scheduler_->Run(graph);
      ASSERT_TRUE(summary.ok()) << summary.status;
      std::vector<std::string> path;
      std::vector<std::size_t> left(jobs.size());
      std::iota(left.begin(), left.end(), std::size_t{0});
      absl::Duration took;
      absl::Duration waited;
      while (!left.empty()) {
        const auto ended = [&jobs](std::size_t job) { return jobs[job].ended; };
        const std::size_t last = *std::ranges::max_element(left, {}, ended);
        path.insert(path.begin(), std::to_string(last));
        left = jobs[last].after;
        took += jobs[last].cost;
        absl::Duration ready = begin;
        for (const std::size_t before : left) ready = std::max(ready, jobs[before].ended);
        waited += jobs[last].ended - jobs[last].cost - ready;
      }
      EXPECT_EQ(NamesOf(summary), path);
      EXPECT_EQ(summary.critical_path_took, took);
      EXPECT_EQ(summary.critical_path_tasks, static_cast<std::int64_t>(path.size()));
      absl::Duration told;
      for (const CriticalStep& step : summary.critical_path) told += step.waited;
      EXPECT_EQ(told, waited);
      EXPECT_EQ(took + waited, summary.elapsed);
      std::vector<absl::Duration> busy;
      for (const Job& job : jobs) {
        busy.resize(std::max(busy.size(), static_cast<std::size_t>(job.worker) + 1));
        busy[static_cast<std::size_t>(job.worker)] += job.cost;
      }
      EXPECT_EQ(summary.busy, busy);
      EXPECT_EQ(summary.queue_waits.count, static_cast<std::int64_t>(jobs.size()));
    }
  }
}

// before -> nested(x -> y, three rounds) -> after
TEST_P(ExactGraphSummaryTest, ANestedGraphIsOneStep) {
  TaskGraph inner;
  inner.Add([] {}).Cost(10).Before(inner.Add([] {}).Cost(20));
  TaskGraph outer;
  int rounds = 0;
  auto nested = outer.AddGraph(inner, [&rounds] { return ++rounds < 3; }).Cost(1).Name("nested");
  nested.After(outer.Add([] {}).Cost(5).Name("before"));
  nested.Before(outer.Add([] {}).Cost(7).Name("after"));
  const RunSummary summary = scheduler_->Run(outer);
  ASSERT_TRUE(summary.ok());
  EXPECT_THAT(NamesOf(summary), ElementsAre("before", "nested", "after"));
  EXPECT_EQ(summary.critical_path[1].took, Microseconds(1 + 3 * 30));
  EXPECT_EQ(summary.critical_path_took, summary.elapsed);
  EXPECT_EQ(Sum(summary.busy), Microseconds(5 + 3 * 30 + 7));
  EXPECT_EQ(summary.queue_waits.count, 3 + 3 * 2);
}

TEST_P(ExactGraphSummaryTest, WhatEndsUnrunTakesNoTime) {
  TaskGraph graph;
  auto fails = graph.Add([] { return absl::InternalError("no"); }).Cost(9).Name("fails");
  auto next = graph.Add([] {}).Cost(100).Name("next");
  next.After(fails);
  next.Before(graph.Add([] {}).Cost(100).Name("last"));
  const RunSummary summary = scheduler_->Run(graph);
  EXPECT_EQ(summary.skipped, 2);
  EXPECT_THAT(NamesOf(summary), ElementsAre("fails", "next", "last"));
  EXPECT_EQ(summary.critical_path_took, Microseconds(9));
  EXPECT_EQ(summary.critical_path.back().state, TaskState::kSkipped);
  EXPECT_EQ(summary.queue_waits.count, 1);
}

class GraphSummaryTest : public ::testing::TestWithParam<int> {
 protected:
  std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeScheduler(GetParam(), Recorded());
};
WEFT_ON_ALL_ENGINES(GraphSummaryTest);

TEST_P(GraphSummaryTest, AChainIsItsOwnPath) {
  TaskGraph graph;
  std::vector<TaskGraph::Node> nodes;
  for (int i = 0; i < 2500; ++i) {
    nodes.push_back(graph.Add([] {}).Name(std::to_string(i)));
    if (i > 0) nodes.back().After(nodes[nodes.size() - 2]);
  }
  for (int run = 0; run < 3; ++run) {
    const RunSummary summary = scheduler_->Run(graph);
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary.critical_path_tasks, 2500);
    ASSERT_EQ(summary.critical_path.size(), RunSummary::kListedLimit);
    EXPECT_EQ(summary.critical_path.front().name, "1500");
    EXPECT_EQ(summary.critical_path.back().name, "2499");
    EXPECT_EQ(summary.critical_path_took, Sum(summary.busy));
  }
}

TEST_P(GraphSummaryTest, StartedAndEmptyAndUnrecorded) {
  TaskGraph graph;
  EXPECT_TRUE(scheduler_->Run(graph).critical_path.empty());
  graph.Clear().IgnoreError();
  graph.Add([] {}).Name("only");
  const Task<RunSummary> started = scheduler_->Start(graph);
  ASSERT_TRUE(started.Get().ok());
  EXPECT_THAT(NamesOf(*started.Get()), ElementsAre("only"));
  const auto plain = testing::MakeScheduler(GetParam());
  const RunSummary summary = plain->Run(graph);
  EXPECT_TRUE(summary.ok());
  EXPECT_TRUE(summary.critical_path.empty());
  EXPECT_EQ(summary.queue_waits.count, 0);
}

// Nested three deep, by many workers at once: every body is counted once.
TEST_P(GraphSummaryTest, NestedGraphs) {
  TaskGraph innermost;
  for (int i = 0; i < 100; ++i) innermost.Add([] {});
  TaskGraph inner;
  auto nested = inner.AddGraph(innermost);
  for (int i = 0; i < 10; ++i) nested.Before(inner.Add([] {}));
  TaskGraph outer;
  int rounds = 0;
  outer.AddGraph(inner, [&rounds] { return ++rounds % 4 != 0; }).Before(outer.Add([] {}));
  for (int run = 0; run < 3; ++run) {
    const RunSummary summary = scheduler_->Run(outer);
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary.queue_waits.count, 4 * (100 + 1 + 10) + 2);
    EXPECT_EQ(summary.critical_path_tasks, 2);
    EXPECT_GT(Sum(summary.busy), absl::ZeroDuration());
  }
}

}  // namespace
}  // namespace weft
