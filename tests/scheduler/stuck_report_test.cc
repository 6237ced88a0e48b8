// SPDX-License-Identifier: Apache-2.0
//
// Who asks what has not ended learns what each task waits for.

#include "weft/scheduler/stuck_report.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "testing/names.h"
#include "testing/timed_engine.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using Kind = StuckTask::Reason::Kind;

const StuckTask& In(const StuckReport& report, const std::string& name) {
  static const StuckTask none;
  const auto found = std::ranges::find(report.tasks, name, &StuckTask::name);
  return found == report.tasks.end() ? none : *found;
}

std::vector<std::string> WaitsFor(const StuckTask& task) {
  std::vector<std::string> names;
  for (const StuckTask::Reason& reason : task.waits_for) names.push_back(reason.name);
  std::ranges::sort(names);
  return names;
}

class StuckReportTest : public testing::EngineTest {};
WEFT_ON_ALL_ENGINES(StuckReportTest);

TEST_P(StuckReportTest, OfASchedulerAtRest) {
  scheduler_->Submit([] {});
  EXPECT_TRUE(scheduler_->WaitAll().ok());
  const StuckReport report = scheduler_->WhatWaits();
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.unfinished(), 0);
  EXPECT_TRUE(report.tasks.empty());
  EXPECT_THAT(report.ToString(), HasSubstr("0 tasks have not ended"));
}

// looks <- direct <- indirect; ghost <- direct
TEST_P(StuckReportTest, PendingTasksAndNames) {
  StuckReport report;
  TaskGroup group(*scheduler_);
  testing::Gate gate;  // until all are there
  const Task<> looks = *group.Schedule({.id = "looks", .function = [&] {
                                          if (has_threads()) gate.Pass();
                                          report = scheduler_->WhatWaits();
                                        }});
  const Task<> direct =
      *group.Schedule({.id = "direct", .function = [] {}, .dependencies = {looks, "ghost"}});
  const Task<> indirect =
      *group.Schedule({.id = "indirect", .function = [] {}, .dependencies = {direct}});
  if (has_threads()) {
    gate.AwaitEntered();
    gate.Open();
  }
  EXPECT_EQ(group.Wait().pending, 2);
  EXPECT_TRUE(report.status.ok()) << report.status;
  EXPECT_EQ(report.running, 1);
  EXPECT_EQ(report.pending, 2);
  EXPECT_EQ(report.unfinished(), 3);
  ASSERT_EQ(report.tasks.size(), 3U);
  EXPECT_EQ(report.tasks.front().id, looks.id());
  EXPECT_EQ(report.tasks.front().state, TaskState::kRunning);
  EXPECT_TRUE(report.tasks.front().waits_for.empty());
  EXPECT_EQ(In(report, "direct").state, TaskState::kPending);
  EXPECT_EQ(WaitsFor(In(report, "direct")), (std::vector<std::string>{"ghost", "looks"}));
  EXPECT_EQ(WaitsFor(In(report, "indirect")), std::vector<std::string>{"direct"});
  EXPECT_EQ(In(report, "indirect").waits_for.front().task, direct.id());
  const std::string text = report.ToString();
  EXPECT_THAT(text, HasSubstr("3 tasks have not ended: 1 running, 0 parked, 0 ready, 2 pending"));
  EXPECT_THAT(text, HasSubstr("'ghost', which was never submitted"));
  EXPECT_THAT(text, HasSubstr("'indirect' (" + ToString(indirect.id()) +
                              ") is pending, waits for 'direct' (" + ToString(direct.id()) + ")"));

  const StuckReport later = scheduler_->WhatWaits();
  EXPECT_EQ(later.pending, 2);
  EXPECT_EQ(later.running, 0);
  EXPECT_EQ(WaitsFor(In(later, "direct")), std::vector<std::string>{"ghost"});
  EXPECT_EQ(In(later, "direct").waits_for.front().kind, Kind::kName);
}

TEST_P(StuckReportTest, ListsAreBoundedAndCountsAreExact) {
  constexpr std::size_t kTasks = StuckReport::kListedLimit + 500;
  constexpr std::size_t kReasons = 2 * StuckTask::kReasonsLimit;
  TaskGroup group(*scheduler_);
  std::vector<Task<>> before;
  for (std::size_t i = 0; i < kReasons; ++i) {
    before.push_back(testing::OnName(group, "b" + std::to_string(i), "ghost"));
  }
  for (std::size_t i = 0; i < kTasks; ++i) group.Submit([] {}, After(before));
  const StuckReport report = scheduler_->WhatWaits();
  EXPECT_EQ(report.pending, static_cast<std::int64_t>(kTasks + kReasons));
  EXPECT_EQ(report.tasks.size(), StuckReport::kListedLimit);
  EXPECT_EQ(report.tasks.back().waits_for.size(), StuckTask::kReasonsLimit);
  EXPECT_EQ(report.tasks.back().waits_for_count, static_cast<std::int64_t>(kReasons));
  EXPECT_THAT(report.ToString(), HasSubstr(" and 10 more\n"));
  EXPECT_THAT(report.ToString(), HasSubstr("\n  and 520 more"));
}

TEST_P(StuckReportTest, NodesOfARecordedRun) {
  SchedulerOptions options;
  options.record_runs = true;
  const auto scheduler = testing::MakeScheduler(GetParam(), std::move(options));
  StuckReport report;
  TaskGraph graph;
  auto looks = graph.Add([&] { report = scheduler->WhatWaits(); }).Name("looks");
  looks.Before(graph.Add([] {}).Name("later"));
  EXPECT_TRUE(scheduler->Run(graph).ok());
  EXPECT_EQ(report.graph_runs, 1);
  EXPECT_EQ(report.running, 1);
  EXPECT_EQ(report.unfinished(), 1);
  ASSERT_EQ(report.tasks.size(), 1U);
  EXPECT_EQ(report.tasks.front().name, "looks");
  EXPECT_TRUE(report.tasks.front().is_node);
  EXPECT_NE(report.tasks.front().since, absl::InfiniteDuration());
  EXPECT_THAT(report.ToString(), HasSubstr("node 'looks'"));
}

TEST_P(StuckReportTest, ABodyThatRunsAGraph) {
  StuckReport report;
  TaskGraph graph;
  graph.Add([&] { report = scheduler_->WhatWaits(); });
  const Task<> runs = *scheduler_->root().Schedule(
      {.id = "runs", .function = [&] { return scheduler_->Run(graph).status; }});
  EXPECT_TRUE(runs.Get().ok());
  ASSERT_EQ(In(report, "runs").waits_for.size(), 1U);
  EXPECT_EQ(In(report, "runs").waits_for.front().kind, Kind::kGraph);
  EXPECT_EQ(In(report, "runs").waits_for.front().count, 1);
  EXPECT_THAT(report.ToString(), ::testing::EndsWith("the run of a graph of 1 node"));
}

class ThreadedStuckReportTest : public ::testing::TestWithParam<int> {
 protected:
  // Until `done`.
  template <class F>
  StuckReport AwaitReport(F done) {
    for (;;) {
      StuckReport report = scheduler_->WhatWaits();
      if (done(report)) return report;
      std::this_thread::yield();
    }
  }

  VirtualClock clock_;
  std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeVirtualScheduler(GetParam(), clock_, [] {
    SchedulerOptions options;
    options.record_runs = true;
    return options;
  }());
};
WEFT_ON_THREADED_ENGINES(ThreadedStuckReportTest);

TEST_P(ThreadedStuckReportTest, BodiesThatWaitInside) {
  TaskGroup group(*scheduler_);
  TaskGroup other(*scheduler_);
  testing::Gate gate;
  const Task<> held = *other.Schedule({.id = "held", .function = [&] {
                                         const BlockingScope blocking;
                                         gate.Pass();
                                       }});
  gate.AwaitEntered();
  *group.Schedule({.id = "on task", .function = [&] { held.Wait().IgnoreError(); }});
  *group.Schedule({.id = "on group", .function = [&] { static_cast<void>(other.Wait()); }});
  const StuckReport report = AwaitReport([](const StuckReport& seen) {
    return !In(seen, "on task").waits_for.empty() && !In(seen, "on group").waits_for.empty();
  });
  EXPECT_EQ(report.running, 3);
  EXPECT_EQ(WaitsFor(In(report, "on task")), std::vector<std::string>{"held"});
  EXPECT_EQ(In(report, "on task").waits_for.front().task, held.id());
  EXPECT_EQ(In(report, "on group").waits_for.front().kind, Kind::kGroup);
  EXPECT_EQ(In(report, "on group").waits_for.front().count, 1);
  EXPECT_THAT(report.ToString(), HasSubstr("a group with 1 unfinished task"));
  EXPECT_THAT(report.ToString(), ::testing::Not(HasSubstr("unfinished tasks")));
  gate.Open();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_TRUE(other.Wait().ok());
}

TEST_P(ThreadedStuckReportTest, SinceWhenAndUntilWhen) {
  TaskGroup group(*scheduler_);
  const RetryPolicy hourly{
      .max_attempts = 2, .base = absl::Hours(1), .cap = absl::Hours(1), .jitter = Jitter::kNone};
  const Task<> parked = group.Submit({.retry = hourly}, [] { return absl::UnavailableError(""); });
  while (parked.state() != TaskState::kParked) std::this_thread::yield();
  clock_.Advance(absl::Minutes(15));
  const StuckReport report = scheduler_->WhatWaits();
  ASSERT_EQ(report.tasks.size(), 1U);
  EXPECT_EQ(report.parked, 1);
  EXPECT_EQ(report.tasks.front().id, parked.id());
  EXPECT_EQ(report.tasks.front().since, absl::Minutes(15));
  EXPECT_EQ(report.tasks.front().wakes_in, absl::Minutes(45));
  EXPECT_THAT(report.ToString(), HasSubstr(" is parked for 15m, until in 45m"));
  parked.Cancel();
}

TEST_P(ThreadedStuckReportTest, ParkedTasksThatTakeAllThatMayBeInFlight) {
  constexpr std::size_t kMany = 2 * StuckReport::kListedLimit;
  SchedulerOptions options;
  options.config.max_tasks_in_flight = static_cast<int>(kMany);
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock_, std::move(options));
  TaskGroup group(*scheduler);
  const RetryPolicy hourly{
      .max_attempts = 2, .base = absl::Hours(1), .cap = absl::Hours(1), .jitter = Jitter::kNone};
  for (std::size_t i = 0; i < kMany; ++i) {
    group.Submit({.retry = hourly}, [] { return absl::UnavailableError(""); });
  }
  while (scheduler->WhatWaits().parked != static_cast<std::int64_t>(kMany)) {
    std::this_thread::yield();
  }
  const Task<> held = *group.Schedule({.id = "held", .function = [] {}});
  const StuckReport report = scheduler->WhatWaits();
  EXPECT_EQ(report.tasks.size(), StuckReport::kListedLimit);
  EXPECT_EQ(In(report, "held").state, TaskState::kReady);
  ASSERT_EQ(In(report, "held").waits_for.size(), 1U);
  EXPECT_EQ(In(report, "held").waits_for.front().kind, Kind::kInFlight);
  EXPECT_EQ(In(report, "held").waits_for.front().count, static_cast<std::int64_t>(kMany));
  EXPECT_THAT(report.ToString(), HasSubstr("(max_tasks_in_flight)"));
  group.Cancel(absl::CancelledError("seen enough"));
  EXPECT_EQ(group.Wait().cancelled, static_cast<std::int64_t>(kMany) + 1);
}

TEST_P(ThreadedStuckReportTest, OneTaskAtATimeWhileMemoryIsShort) {
  SchedulerOptions options;
  options.read_memory = []() -> absl::StatusOr<MemoryReading> {
    return MemoryReading{.limit_bytes = 100, .used_bytes = 99};
  };
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock_, std::move(options));
  TaskGroup group(*scheduler);
  testing::Gate gate;
  TaskOptions asks;
  asks.memory_bytes = 1;
  group.Submit(asks, [&gate] { gate.Pass(); });
  gate.AwaitEntered();
  const Task<> held = *group.Schedule({.id = "held", .function = [] {}});
  const StuckReport report = scheduler->WhatWaits();
  ASSERT_EQ(In(report, "held").waits_for.size(), 1U);
  EXPECT_EQ(In(report, "held").waits_for.front().kind, Kind::kOneByOne);
  EXPECT_THAT(report.ToString(), HasSubstr("(max_memory_percent)"));
  gate.Open();
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ThreadedStuckReportTest, AllThreadsForWhatBlocksAreTaken) {
  SchedulerOptions options;
  options.blocking_threads = 1;
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock_, std::move(options));
  TaskGroup group(*scheduler);
  testing::Gate gate;
  TaskOptions blocks;
  blocks.blocking = true;
  group.Submit(blocks, [&gate] { gate.Pass(); });
  gate.AwaitEntered();
  const Task<> held = group.Submit(blocks, [] {});
  const StuckReport report = [&] {
    for (;;) {  // until it has come to the pool
      StuckReport seen = scheduler->WhatWaits();
      const auto at = std::ranges::find(seen.tasks, held.id(), &StuckTask::id);
      if (at != seen.tasks.end() && !at->waits_for.empty()) return seen;
      std::this_thread::yield();
    }
  }();
  const auto found = std::ranges::find(report.tasks, held.id(), &StuckTask::id);
  EXPECT_EQ(found->waits_for.front().kind, Kind::kThreads);
  EXPECT_EQ(found->waits_for.front().count, 1);
  EXPECT_THAT(report.ToString(), HasSubstr("there are no more than 1 (blocking_threads)"));
  gate.Open();
  EXPECT_TRUE(group.Wait().ok());
}

TEST_P(ThreadedStuckReportTest, WithoutARecordTasksWithoutIdAreCounted) {
  const auto scheduler = testing::MakeScheduler(GetParam());
  TaskGroup group(*scheduler);
  testing::Gate gate;
  group.Detach([&] { gate.Pass(); });
  gate.AwaitEntered();
  const StuckReport report = scheduler->WhatWaits();
  EXPECT_EQ(report.running, 1);
  EXPECT_TRUE(report.tasks.empty());
  EXPECT_THAT(report.ToString(), HasSubstr("\n  and 1 more"));
  gate.Open();
  EXPECT_TRUE(group.Wait().ok());
}

// A look at any moment is no obstacle, and sees no more than there is.
TEST_P(ThreadedStuckReportTest, WhileTasksRun) {
  constexpr int kTasks = 2000;
  TaskGroup group(*scheduler_);
  std::vector<Task<>> tasks;
  for (int i = 0; i < kTasks; ++i) {
    tasks.push_back(i < 10 ? group.Submit([] {})
                           : group.Submit([&group] { group.Detach([] {}); },
                                          tasks[static_cast<std::size_t>(i) / 2]));
  }
  for (int looks = 0; looks < 50; ++looks) {
    const StuckReport report = scheduler_->WhatWaits();
    EXPECT_TRUE(report.status.ok());
    EXPECT_LE(report.unfinished(), 2 * kTasks);
    EXPECT_LE(static_cast<std::int64_t>(report.tasks.size()), report.unfinished());
  }
  EXPECT_TRUE(group.Wait().ok());
}

}  // namespace
}  // namespace weft
