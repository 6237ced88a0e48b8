// SPDX-License-Identifier: Apache-2.0
//
// What observers are told of tasks, against what the tasks say of themselves.

#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "scheduler/event_log.h"
#include "testing/timed_engine.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using testing::EventLog;
using ::testing::IsEmpty;
using Ids = std::multiset<TaskId>;

class ObserverTest : public ::testing::TestWithParam<int> {
 protected:
  SchedulerOptions Observed() {
    SchedulerOptions options;
    options.observer = &log_;
    return options;
  }

  EventLog log_;
  VirtualClock clock_;
  std::unique_ptr<TaskScheduler> scheduler_ =
      testing::MakeVirtualScheduler(GetParam(), clock_, Observed());
};
WEFT_ON_ALL_ENGINES(ObserverTest);

TEST_P(ObserverTest, WhoTheTaskIs) {
  EXPECT_EQ(log_.slot_count(), scheduler_->slot_count());
  TaskGroup group(*scheduler_);
  const Task<> plain = group.Submit([] {});
  const Task<> kind = group.Submit({.kind = "parse", .priority = 7}, [] {});
  const Task<> named = *group.Schedule({.id = "link", .function = [] {}});
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(log_.of(plain.id()).kind + log_.of(plain.id()).name, "");
  EXPECT_EQ(log_.of(kind.id()).kind, "parse");
  EXPECT_EQ(log_.of(kind.id()).priority, 7);
  EXPECT_EQ(log_.of(named.id()).name, "link");
  EXPECT_EQ(log_.tasks().size(), 3U);
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

// Random tasks on earlier ones, some of which fail, throw, are cancelled, or submit others.
TEST_P(ObserverTest, EveryTaskAndEveryDependency) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<Task<>> tasks;
    std::vector<Ids> dependencies;
    TaskGroup group(*scheduler_);
    for (int i = 0; i < 200; ++i) {
      std::vector<AnyTask> before;
      Ids ids;
      for (int n = static_cast<int>(random() % 4); n > 0 && i > 0; --n) {
        const Task<>& task = tasks[random() % tasks.size()];
        if (ids.contains(task.id())) continue;
        before.push_back(task);
        ids.insert(task.id());
      }
      const int how = static_cast<int>(random() % 20);
      const auto body = [how, &group]() -> absl::Status {
        if (how == 0) return absl::InternalError("no");
        if (how == 1) throw std::runtime_error("no");
        if (how == 2) group.Submit([] {});
        return absl::OkStatus();
      };
      tasks.push_back(how < 10 ? group.Submit(body, After(before))
                               : group.Submit(body, AfterEndOf(before)));
      dependencies.push_back(ids);
      if (how == 3) tasks.back().Cancel();
    }
    static_cast<void>(group.Wait());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const EventLog::Told& told = log_.of(tasks[i].id());
      EXPECT_EQ(told.state, tasks[i].state());
      EXPECT_EQ(told.started, tasks[i].result().attempts);
      // Those that end before them need not be heard.
      if (told.started == 1) {
        EXPECT_EQ(told.released, dependencies[i]);
        EXPECT_EQ(told.ready, 1);
      }
    }
    EXPECT_THAT(log_.Complaints(), IsEmpty());
  }
}

TEST_P(ObserverTest, AttemptsAndParking) {
  TaskGroup group(*scheduler_);
  const Task<> task = group.Submit({.retry = {.max_attempts = 3, .base = absl::Nanoseconds(1)}},
                                   [](TaskContext& context) -> absl::Status {
                                     if (context.attempt() < 3) return absl::UnavailableError("");
                                     return absl::OkStatus();
                                   });
  {
    const testing::MovingClock moving(clock_);
    EXPECT_TRUE(group.Wait().ok());
  }
  const EventLog::Told& told = log_.of(task.id());
  EXPECT_EQ(told.started, 3);
  EXPECT_EQ(told.parked, 2);
  EXPECT_EQ(told.ready, 3);
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

TEST_P(ObserverTest, WhatGoesOnInItsPlaceReleasesItsSuccessors) {
  TaskGroup group(*scheduler_);
  TaskId other;
  const Task<> first = group.Submit([&](TaskContext& context) {
    const Task<> second = group.Submit([] {});
    other = second.id();
    return context.Continue(second);
  });
  const Task<> after = group.Submit([] {}, After(first));
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(log_.of(after.id()).released.count(other), 1U);
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

TEST_P(ObserverTest, NamesThatNeverComeAreNoTasks) {
  TaskGroup group(*scheduler_);
  const Task<> waits = *group.Schedule({.id = "waits", .function = [] {}, .dependencies = {"no"}});
  static_cast<void>(group.Wait());
  group.Seal();
  EXPECT_EQ(log_.tasks().size(), 1U);
  EXPECT_EQ(log_.of(waits.id()).state, TaskState::kSkipped);
  EXPECT_FALSE(group.Submit([] {}).Get().ok());  // refused: not told of
  EXPECT_EQ(log_.tasks().size(), 1U);
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

TEST_P(ObserverTest, NodesOfGraphsInEachRun) {
  TaskGraph graph;
  auto a = graph.Add([] {}).Name("a");
  auto b = graph.Add([]() -> absl::Status { return absl::InternalError("b"); }).Name("b");
  auto c = graph.Add([] {}).Name("c");
  auto choice = graph.AddCondition([] { return 1; }).Name("choice");
  auto d = graph.Add([] {}).Name("d");
  auto e = graph.Add([] {}).Name("e");
  a.Before(b);
  a.Before(c);
  b.Before(c);
  choice.Before(d);
  choice.Before(e);
  for (std::size_t run = 1; run <= 3; ++run) {
    const RunSummary summary = scheduler_->Run(graph);
    EXPECT_EQ(summary.failed, 1);
    EXPECT_EQ(log_.tasks().size(), 6 * run);
  }
  EXPECT_EQ(log_.named("a").state, TaskState::kCompleted);
  EXPECT_EQ(log_.named("b").state, TaskState::kFailed);
  EXPECT_EQ(log_.named("c").state, TaskState::kSkipped);
  EXPECT_EQ(log_.named("c").released.size(), 2U);
  EXPECT_EQ(log_.named("d").state, TaskState::kSkipped);
  EXPECT_EQ(log_.named("e").state, TaskState::kCompleted);
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

// Runs that nobody observes come before, between and after, on another scheduler.
TEST_P(ObserverTest, OnlyTheRunsOfItsOwnScheduler) {
  const auto unseen = testing::MakeScheduler(GetParam());
  TaskGraph graph;
  for (int built = 0; built < 2; ++built) {
    int ran = 0;
    auto a = graph.Add([&ran] { ++ran; });
    a.Before(graph.Add([&ran] { ++ran; }));
    std::size_t seen = log_.tasks().size();
    for (const bool observed : {false, true, false, true, true, false}) {
      ran = 0;
      EXPECT_TRUE((observed ? *scheduler_ : *unseen).Run(graph).ok());
      EXPECT_EQ(ran, 2);
      seen += observed ? 2 : 0;
      EXPECT_EQ(log_.tasks().size(), seen);
    }
    EXPECT_TRUE(graph.Clear().ok());
  }
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

TEST_P(ObserverTest, NestedGraphsRepeated) {
  TaskGraph inner;
  auto first = inner.Add([] {}).Name("first");
  first.Before(inner.Add([] {}).Name("second"));
  TaskGraph outer;
  int rounds = 0;
  auto nested = outer.AddGraph(inner, [&rounds] { return ++rounds < 3; }).Name("nested");
  nested.Before(outer.Add([] {}).Name("last"));
  EXPECT_TRUE(scheduler_->Run(outer).ok());
  EXPECT_EQ(log_.tasks().size(), 2U + 3 * 2);
  EXPECT_EQ(log_.named("nested").started, 0);
  EXPECT_EQ(log_.named("nested").state, TaskState::kCompleted);
  EXPECT_EQ(log_.named("last").released.size(), 1U);
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

TEST_P(ObserverTest, ACancelledRunEndsEveryNode) {
  TaskGraph graph;
  CancellationSource source;
  auto stops = graph.Add([&source] { source.Cancel(absl::CancelledError("enough")); });
  for (int i = 0; i < 50; ++i) stops.Before(graph.Add([] {}));
  const RunSummary summary = scheduler_->Run(graph, {.cancellation = source.token()});
  EXPECT_EQ(summary.cancelled, 50);
  EXPECT_EQ(log_.tasks().size(), 51U);
  EXPECT_THAT(log_.Complaints(), IsEmpty());
}

class ThrowingObserver final : public TaskObserver {
 public:
  void OnStart(int) override { throw std::runtime_error("start"); }
  void OnEvent(const TaskEvent&) override { throw std::runtime_error("event"); }
};

TEST_P(ObserverTest, WhatItThrowsIsCounted) {
  ThrowingObserver throws;
  SchedulerOptions options;
  options.observer = &throws;
  const auto scheduler = testing::MakeVirtualScheduler(GetParam(), clock_, std::move(options));
  EXPECT_EQ(*scheduler->Submit([] { return 3; }).Get(), 3);
  EXPECT_TRUE(scheduler->Shutdown().ok());
  EXPECT_EQ(scheduler->failed_events(), 1 + 4);  // submitted, ready, started, ended
}

}  // namespace
}  // namespace weft
