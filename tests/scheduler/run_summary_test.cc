// SPDX-License-Identifier: Apache-2.0
//
// What a summary says of a recorded group: in virtual time exactly what the tasks say of
// themselves, on every engine what must hold between its figures.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "testing/timed_engine.h"
#include "weft/core/blocking_scope.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using absl::Microseconds;

SchedulerOptions Recorded() {
  SchedulerOptions options;
  options.record_runs = true;
  options.record_times = true;
  return options;
}

absl::Duration Sum(const std::vector<absl::Duration>& durations) {
  return std::accumulate(durations.begin(), durations.end(), absl::ZeroDuration());
}

std::vector<TaskId> IdsOf(const RunSummary& summary) {
  std::vector<TaskId> ids;
  for (const CriticalStep& step : summary.critical_path) ids.push_back(step.task);
  return ids;
}

// Simulated workers, a nanosecond clock: hardly any two tasks end together.
class ExactSummaryTest : public ::testing::TestWithParam<int> {
 protected:
  struct Job {
    Task<> task;
    std::vector<std::size_t> after;
    int worker = -1;
  };

  // Random tasks on earlier ones, in two groups.
  std::vector<Job> RunTasks(std::mt19937_64& random, TaskGroup& group) {
    std::vector<Job> jobs(1 + random() % 80);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      std::vector<AnyTask> before;
      for (std::uint64_t n = random() % 4; n > 0 && i > 0; --n) {
        jobs[i].after.push_back(random() % i);
        before.push_back(jobs[jobs[i].after.back()].task);
      }
      const TaskOptions options{.cost = 1 + static_cast<double>(random() % 1'000'000) / 1000};
      jobs[i].task = group.Submit(
          options, [&job = jobs[i]](TaskContext& context) { job.worker = context.worker(); },
          After(before));
    }
    return jobs;
  }

  // What ended last, and what it waited for, and so on.
  static std::vector<CriticalStep> PathOf(const std::vector<Job>& jobs) {
    const auto ended = [&jobs](std::size_t job) { return jobs[job].task.result().times->ended; };
    std::vector<std::size_t> left(jobs.size());
    std::iota(left.begin(), left.end(), std::size_t{0});
    std::vector<CriticalStep> path;
    while (!left.empty()) {
      const std::size_t last = *std::ranges::max_element(left, {}, ended);
      left = jobs[last].after;
      const TaskResult result = jobs[last].task.result();
      absl::Duration ready = result.times->submitted;
      for (const std::size_t before : left) ready = std::max(ready, ended(before));
      path.push_back({.task = result.id,
                      .name = result.name,
                      .state = result.state,
                      .waited = result.times->started - ready,
                      .took = result.times->ended - result.times->started});
    }
    std::ranges::reverse(path);
    return path;
  }

  static void ExpectPath(const RunSummary& summary, const std::vector<CriticalStep>& expected) {
    ASSERT_EQ(summary.critical_path.size(), expected.size());
    absl::Duration took;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      EXPECT_EQ(summary.critical_path[i].task, expected[i].task);
      EXPECT_EQ(summary.critical_path[i].name, expected[i].name);
      EXPECT_EQ(summary.critical_path[i].state, expected[i].state);
      EXPECT_EQ(summary.critical_path[i].waited, expected[i].waited);
      EXPECT_EQ(summary.critical_path[i].took, expected[i].took);
      took += expected[i].took;
    }
    EXPECT_EQ(summary.critical_path_tasks, static_cast<std::int64_t>(expected.size()));
    EXPECT_EQ(summary.critical_path_took, took);
  }
};
INSTANTIATE_TEST_SUITE_P(Workers, ExactSummaryTest, ::testing::Values(1, 2, 3, 7, 70));

TEST_P(ExactSummaryTest, EqualsWhatTheTasksSay) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    VirtualClock clock;
    const auto scheduler = testing::MakeVirtualScheduler(-GetParam(), clock, Recorded());
    TaskGroup group(*scheduler);
    const std::vector<Job> jobs = RunTasks(random, group);
    const RunSummary summary = group.Wait();
    ASSERT_TRUE(summary.ok()) << summary.status;
    ExpectPath(summary, PathOf(jobs));

    std::vector<absl::Duration> busy;
    std::vector<absl::Duration> waits;
    for (const Job& job : jobs) {
      const TaskTimes times = *job.task.result().times;
      const auto worker = static_cast<std::size_t>(job.worker);
      busy.resize(std::max(busy.size(), worker + 1));
      busy[worker] += times.ended - times.started;
      absl::Duration ready = times.submitted;
      for (const std::size_t before : job.after) {
        ready = std::max(ready, jobs[before].task.result().times->ended);
      }
      waits.push_back(times.started - ready);
    }
    EXPECT_EQ(summary.busy, busy);
    std::ranges::sort(waits);
    EXPECT_EQ(summary.queue_waits.count, static_cast<std::int64_t>(waits.size()));
    EXPECT_EQ(summary.queue_waits.max, waits.back());
    const absl::Duration median = waits[(waits.size() + 1) / 2 - 1];
    EXPECT_GE(summary.queue_waits.p50, median);
    EXPECT_LE(summary.queue_waits.p50, median + median / 8);
    EXPECT_LE(summary.queue_waits.p50, summary.queue_waits.p90);
    EXPECT_LE(summary.queue_waits.p90, summary.queue_waits.p99);
    EXPECT_LE(summary.queue_waits.p99, summary.queue_waits.max);
  }
}

TEST_P(ExactSummaryTest, AllAttemptsCount) {
  VirtualClock clock;
  const auto scheduler = testing::MakeVirtualScheduler(-GetParam(), clock, Recorded());
  TaskGroup group(*scheduler);
  const RetryPolicy retry{.max_attempts = 3, .base = Microseconds(50), .jitter = Jitter::kNone};
  const Task<> task = group.Submit({.cost = 10, .retry = retry}, [](TaskContext& context) {
    return context.attempt() < 3 ? absl::UnavailableError("") : absl::OkStatus();
  });
  const Task<> after = group.Submit(
      {.cost = 5}, [] {}, task);
  const RunSummary summary = group.Wait();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(IdsOf(summary), (std::vector<TaskId>{task.id(), after.id()}));
  EXPECT_EQ(summary.critical_path.front().took, Microseconds(10 + 50 + 10 + 100 + 10));
  EXPECT_EQ(summary.critical_path_took, Microseconds(185));
  EXPECT_EQ(Sum(summary.busy), Microseconds(35));
  EXPECT_EQ(summary.queue_waits.count, 4);
  EXPECT_EQ(summary.queue_waits.max, absl::ZeroDuration());
}

// fails -> skipped -> skipped: the last of them is at the end of the path, and took no time.
TEST_P(ExactSummaryTest, WhatEndsUnrunTakesNoTime) {
  VirtualClock clock;
  const auto scheduler = testing::MakeVirtualScheduler(-GetParam(), clock, Recorded());
  TaskGroup group(*scheduler);
  const Task<> fails = group.Submit({.cost = 7}, [] { return absl::InternalError("no"); });
  const Task<> next = group.Submit([] {}, fails);
  const Task<> last = group.Submit([] {}, next);
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.skipped, 2);
  EXPECT_EQ(IdsOf(summary), (std::vector<TaskId>{fails.id(), next.id(), last.id()}));
  EXPECT_EQ(summary.critical_path_took, Microseconds(7));
  EXPECT_EQ(summary.critical_path.front().state, TaskState::kFailed);
  EXPECT_EQ(summary.critical_path.back().state, TaskState::kSkipped);
  EXPECT_EQ(summary.critical_path.back().took, absl::ZeroDuration());
  EXPECT_EQ(summary.queue_waits.count, 1);
  EXPECT_EQ(Sum(summary.busy), Microseconds(7));
}

// Of two groups each has its own figures; a path goes through both.
TEST_P(ExactSummaryTest, AcrossGroups) {
  VirtualClock clock;
  const auto scheduler = testing::MakeVirtualScheduler(-GetParam(), clock, Recorded());
  TaskGroup first(*scheduler);
  TaskGroup second(*scheduler);
  const Task<> a = first.Submit({.cost = 3}, [] {});
  const Task<> b = second.Submit(
      {.cost = 4}, [] {}, a);
  const RunSummary of_second = second.Wait();
  const RunSummary of_first = first.Wait();
  EXPECT_EQ(IdsOf(of_first), (std::vector<TaskId>{a.id()}));
  EXPECT_EQ(IdsOf(of_second), (std::vector<TaskId>{a.id(), b.id()}));
  EXPECT_EQ(Sum(of_first.busy), Microseconds(3));
  EXPECT_EQ(Sum(of_second.busy), Microseconds(4));
  EXPECT_EQ(of_second.queue_waits.count, 1);
  EXPECT_TRUE(scheduler->WaitAll().critical_path.empty());
}

class RunSummaryTest : public ::testing::TestWithParam<int> {
 protected:
  VirtualClock clock_;
  std::unique_ptr<TaskScheduler> scheduler_ = testing::MakeScheduler(GetParam(), Recorded());
};
WEFT_ON_ALL_ENGINES(RunSummaryTest);

TEST_P(RunSummaryTest, NothingIsRecordedUnlessAskedFor) {
  const auto scheduler = testing::MakeScheduler(GetParam());
  TaskGroup group(*scheduler);
  group.Submit([] {}, group.Submit([] {}));
  const RunSummary summary = group.Wait();
  EXPECT_TRUE(summary.ok());
  EXPECT_TRUE(summary.busy.empty());
  EXPECT_TRUE(summary.critical_path.empty());
  EXPECT_EQ(summary.critical_path_tasks, 0);
  EXPECT_EQ(summary.queue_waits.count, 0);
}

TEST_P(RunSummaryTest, OfNothingIsNothing) {
  TaskGroup group(*scheduler_);
  const RunSummary summary = group.Wait();
  EXPECT_TRUE(summary.ok());
  EXPECT_TRUE(summary.busy.empty());
  EXPECT_EQ(summary.critical_path_tasks, 0);
  EXPECT_EQ(summary.spare_threads, 0);
  EXPECT_EQ(summary.parked, 0);
}

// On one chain all that is busy is on the path.
TEST_P(RunSummaryTest, AChainIsItsOwnPath) {
  TaskGroup group(*scheduler_);
  std::vector<TaskId> ids;
  Task<> last;
  for (int i = 0; i < 3000; ++i) {
    last = i == 0 ? group.Submit([] {}) : group.Submit([] {}, last);
    ids.push_back(last.id());
  }
  const RunSummary summary = group.Wait();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary.critical_path_tasks, 3000);
  EXPECT_EQ(IdsOf(summary), std::vector<TaskId>(ids.end() - RunSummary::kListedLimit, ids.end()));
  EXPECT_EQ(summary.critical_path_took, Sum(summary.busy));
  EXPECT_EQ(summary.queue_waits.count, 3000);
}

// Random tasks that fail, are cancelled, and submit others.
TEST_P(RunSummaryTest, ThePathIsAWayThroughTheTasks) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TaskGroup group(*scheduler_);
    std::vector<Task<>> tasks;
    std::map<TaskId, std::vector<TaskId>> after;
    for (int i = 0; i < 200; ++i) {
      std::vector<AnyTask> before;
      std::vector<TaskId> ids;
      for (std::uint64_t n = random() % 3; n > 0 && i > 0; --n) {
        before.push_back(tasks[random() % tasks.size()]);
        ids.push_back(before.back().id());
      }
      const int how = static_cast<int>(random() % 20);
      tasks.push_back(
          group.Submit([how]() { return how == 0 ? absl::InternalError("no") : absl::OkStatus(); },
                       After(before)));
      after[tasks.back().id()] = ids;
      if (how == 1) tasks.back().Cancel();
    }
    const RunSummary summary = group.Wait();
    std::int64_t started = 0;
    for (const Task<>& task : tasks) started += task.result().attempts;
    EXPECT_EQ(summary.queue_waits.count, started);
    ASSERT_FALSE(summary.critical_path.empty());
    EXPECT_EQ(summary.critical_path_tasks, static_cast<std::int64_t>(summary.critical_path.size()));
    absl::Duration took;
    for (std::size_t i = 0; i < summary.critical_path.size(); ++i) {
      const CriticalStep& step = summary.critical_path[i];
      EXPECT_EQ(step.state, scheduler_->GetStatus(step.task)->state);
      took += step.took;
      if (i == 0) continue;
      const std::vector<TaskId>& before = after[step.task];
      EXPECT_EQ(std::ranges::count(before, summary.critical_path[i - 1].task) > 0, true);
    }
    EXPECT_EQ(summary.critical_path_took, took);
    EXPECT_LE(took, Sum(summary.busy));
  }
}

TEST_P(RunSummaryTest, NamesAndContinuations) {
  TaskGroup group(*scheduler_);
  Task<> second;
  const Task<> first = *group.Schedule(
      {.id = "first", .function = [] {}, .dependencies = {}, .options = {.priority = 3}});
  const Task<> hands_over = group.Submit(
      [&](TaskContext& context) {
        second = *group.Schedule({.id = "second", .function = [] {}});
        return context.Continue(second);
      },
      first);
  const Task<> last =
      *group.Schedule({.id = "last", .function = [] {}, .dependencies = {hands_over}});
  const RunSummary summary = group.Wait();
  ASSERT_TRUE(summary.ok()) << summary.status;
  EXPECT_EQ(IdsOf(summary), (std::vector<TaskId>{second.id(), last.id()}));
  EXPECT_EQ(summary.critical_path.front().name, "second");
  EXPECT_EQ(summary.critical_path.back().name, "last");
}

TEST_P(RunSummaryTest, OfNamesThatNeverCame) {
  TaskGroup group(*scheduler_);
  const Task<> waits = *group.Schedule({.id = "waits", .function = [] {}, .dependencies = {"no"}});
  EXPECT_TRUE(group.Wait().critical_path.empty());
  group.Seal();
  const RunSummary summary = group.Wait();
  EXPECT_EQ(IdsOf(summary), std::vector<TaskId>{waits.id()});
  EXPECT_EQ(summary.queue_waits.count, 0);
  EXPECT_TRUE(summary.busy.empty());
}

// Bodies inside bodies: the time of each worker is counted once.
TEST_P(RunSummaryTest, WaitsInsideTasks) {
  TaskGroup group(*scheduler_);
  group.Submit([&group] {
    for (int i = 0; i < 20; ++i) group.Submit([] {}).Wait().IgnoreError();
  });
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 21);
  EXPECT_EQ(summary.queue_waits.count, 21);
  EXPECT_EQ(summary.critical_path_tasks, 1);
}

TEST_P(RunSummaryTest, DetachedTasks) {
  TaskGroup group(*scheduler_);
  for (int i = 0; i < 100; ++i) group.Detach([&group] { group.Detach([] {}); });
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.completed, 200);
  EXPECT_EQ(summary.queue_waits.count, 200);
  EXPECT_EQ(summary.critical_path_tasks, 1);
}

// While nobody else moves the clock.
class ThreadedSummaryTest : public ::testing::TestWithParam<int> {
 protected:
  VirtualClock clock_;
  std::unique_ptr<TaskScheduler> scheduler_ =
      testing::MakeVirtualScheduler(GetParam(), clock_, Recorded());
};
WEFT_ON_THREADED_ENGINES(ThreadedSummaryTest);

TEST_P(ThreadedSummaryTest, ABlockedBodyIsNotBusy) {
  for (const bool blocks : {false, true}) {
    TaskGroup group(*scheduler_);
    testing::Gate gate;
    group.Submit([&] {
      std::unique_ptr<BlockingScope> scope;
      if (blocks) scope = std::make_unique<BlockingScope>();
      gate.Pass();
    });
    gate.AwaitEntered();
    clock_.Advance(absl::Seconds(10));
    gate.Open();
    const RunSummary summary = group.Wait();
    EXPECT_EQ(summary.critical_path_took, absl::Seconds(10));
    EXPECT_EQ(Sum(summary.busy), absl::Seconds(blocks ? 0 : 10));
  }
}

TEST_P(ThreadedSummaryTest, WhatIsParkedIsCounted) {
  TaskGroup group(*scheduler_);
  TaskGroup other(*scheduler_);
  const RetryPolicy hourly{.max_attempts = 2, .base = absl::Hours(1), .cap = absl::Hours(1)};
  std::vector<Task<>> parked;
  for (int i = 0; i < 20; ++i) {
    parked.push_back((i < 15 ? group : other).Submit({.retry = hourly}, [] {
      return absl::UnavailableError("");
    }));
  }
  for (const Task<>& task : parked) {
    while (task.state() != TaskState::kParked) std::this_thread::yield();
  }
  EXPECT_EQ(group.Summary().parked, 15);
  EXPECT_EQ(group.Summary().under_way, 15);
  parked.front().Cancel();
  EXPECT_EQ(group.Summary().parked, 14);
  group.Cancel(absl::CancelledError("enough"));
  const RunSummary summary = group.Wait();
  EXPECT_EQ(summary.parked, 0);
  EXPECT_EQ(summary.cancelled, 15);
  EXPECT_EQ(other.Summary().parked, 5);
  other.Cancel(absl::CancelledError("enough"));
}

}  // namespace
}  // namespace weft
