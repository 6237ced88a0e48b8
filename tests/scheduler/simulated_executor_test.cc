// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/simulated_executor.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "scheduler/simulated.h"
#include "weft/core/task_context.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_ref.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using absl::Microseconds;
using testing::Simulated;
using testing::Step;
using testing::Trace;

TEST(SimulatedExecutorTest, RefusesImpossibleWidths) {
  VirtualClock clock;
  for (const int workers : {-1, 0, SimulatedExecutor::kMaxWorkers + 1}) {
    const auto executor = SimulatedExecutor::Create(1, workers, clock);
    ASSERT_TRUE(absl::IsInvalidArgument(executor.status()));
    EXPECT_NE(executor.status().message().find(std::to_string(workers)), std::string::npos);
  }
  EXPECT_TRUE(SimulatedExecutor::Create(1, SimulatedExecutor::kMaxWorkers, clock).ok());
}

TEST(SimulatedExecutorTest, TheWidthIsFixed) {
  Simulated scheduler(1, 3);
  EXPECT_EQ(scheduler->worker_count(), 3);
  EXPECT_TRUE(absl::IsFailedPrecondition(scheduler->Resize(4)));
}

TEST(SimulatedExecutorTest, AChainTakesTheSumOfItsCosts) {
  Simulated scheduler(1, 4);
  TaskGraph graph;
  auto last = graph.Add(scheduler.Body(0)).Cost(5);
  for (int i = 1; i < 10; ++i) {
    auto next = graph.Add(scheduler.Body(i)).Cost(5);
    last = next.After(last);
  }
  ASSERT_TRUE(scheduler->Run(graph).status.ok());
  EXPECT_EQ(scheduler.now(), Microseconds(50));
  ASSERT_EQ(scheduler.trace().size(), 10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(scheduler.trace()[static_cast<std::size_t>(i)],
              (Step{i, scheduler.trace()[0].worker, Microseconds(5 * (i + 1))}));
  }
}

TEST(SimulatedExecutorTest, IndependentTasksTakeTurnsOnAllWorkers) {
  Simulated scheduler(1, 4);
  for (int i = 0; i < 12; ++i) scheduler->Submit(scheduler.Body(i));
  ASSERT_TRUE(scheduler->WaitAll().status.ok());
  EXPECT_EQ(scheduler.now(), Microseconds(3));  // 12 tasks of 1 us on 4 workers
  std::vector<int> per_worker(4);
  for (const Step& step : scheduler.trace()) ++per_worker[static_cast<std::size_t>(step.worker)];
  EXPECT_EQ(per_worker, std::vector<int>(4, 3));
}

TEST(SimulatedExecutorTest, RecordedTimesAreVirtual) {
  Simulated scheduler(1, 1);
  const auto first = scheduler->Submit([] {});
  const auto second = scheduler->Submit([] {}, After(first));
  ASSERT_TRUE(second.Wait().ok());
  const TaskResult result = second.result();
  ASSERT_TRUE(result.times);
  EXPECT_EQ(result.times->submitted, absl::ZeroDuration());
  EXPECT_EQ(result.times->started, Microseconds(1));
  EXPECT_EQ(result.times->ended, Microseconds(2));
}

// A graph of random shape and costs, and tasks beside it that spawn and wait.
Trace RunSomething(std::uint64_t shape, std::uint64_t seed, int workers) {
  Simulated scheduler(seed, workers);
  std::mt19937 random(static_cast<unsigned>(shape));
  TaskGraph graph;
  std::vector<TaskGraph::Node> nodes;
  for (int i = 0; i < 40; ++i) {
    nodes.push_back(graph.Add(scheduler.Body(i)).Cost(static_cast<double>(1 + random() % 9)));
    for (int k = 0; k < 2 && i > 0; ++k) {
      nodes.back().After(nodes[random() % static_cast<std::size_t>(i)]);
    }
  }
  TaskGroup group(*scheduler);
  for (int i = 0; i < 20; ++i) {
    group.Submit([&, i](TaskContext& context) {
      const auto inner = group.Submit(scheduler.Body(100 + i));
      const auto other = group.Submit({.priority = i % 3}, scheduler.Body(200 + i));
      EXPECT_TRUE(inner.Wait().ok());
      EXPECT_TRUE(other.Wait().ok());
      scheduler.Body(300 + i)(context);
    });
  }
  EXPECT_TRUE(scheduler->Run(graph).status.ok());
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(scheduler.trace().size(), 100);
  return scheduler.trace();
}

TEST(SimulatedExecutorTest, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t shape = 0; shape < 20; ++shape) {
    const Trace first = RunSomething(shape, shape + 7, 4);
    for (int again = 0; again < 5; ++again) EXPECT_EQ(RunSomething(shape, shape + 7, 4), first);
  }
}

TEST(SimulatedExecutorTest, OtherSeedsGiveOtherRuns) {
  std::vector<Trace> runs;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Trace run = RunSomething(1, seed, 4);
    if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(std::move(run));
  }
  EXPECT_GT(runs.size(), 40);
}

TEST(SimulatedExecutorTest, WhatABodyRunsInsideItselfTakesItsWorkersTime) {
  Simulated scheduler(1, 1);
  TaskGraph graph;
  graph.Add([] {}).Cost(30);
  scheduler->Submit([&](TaskContext& context) {
    scheduler.Body(1)(context);  // at 1 us
    EXPECT_TRUE(scheduler->Submit([] {}).Wait().ok());
    EXPECT_TRUE(scheduler->Run(graph).status.ok());
  });
  scheduler->Submit(scheduler.Body(2));
  ASSERT_TRUE(scheduler->WaitAll().status.ok());
  EXPECT_EQ(scheduler.trace(),
            (Trace{{1, 0, Microseconds(1)}, {2, 0, Microseconds(1 + 1 + 30 + 1)}}));
}

// What the body waits for lies with other workers, which have taken it and are not done.
TEST(SimulatedExecutorTest, AWaitInsideATaskFindsWhatOthersHaveTaken) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Simulated scheduler(seed, 4);
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(scheduler->Submit([i] { return i; }));
    const auto sum = scheduler->Submit([&] {
      int all = 0;
      for (auto task = tasks.rbegin(); task != tasks.rend(); ++task) all += *task->Get();
      return all;
    });
    ASSERT_EQ(*sum.Get(), 49 * 50 / 2) << "seed " << seed;
  }
}

TEST(SimulatedExecutorTest, GraphsInsideTasksBesideAGraph) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Simulated scheduler(seed, 3);
    std::atomic<int> ran{0};
    TaskGraph inner[3];
    TaskGraph outer;
    for (TaskGraph& graph : inner) {
      for (int i = 0; i < 5; ++i) graph.Add([&ran] { ++ran; });
      outer.Add([&] { EXPECT_TRUE(scheduler->Run(graph).status.ok()); });
      for (int i = 0; i < 5; ++i) outer.Add([&ran] { ++ran; });
    }
    scheduler->Submit([&ran] { ++ran; });
    ASSERT_TRUE(scheduler->Run(outer).status.ok());
    ASSERT_TRUE(scheduler->WaitAll().status.ok());
    ASSERT_EQ(ran, 31);
  }
}

// More roots than one chunk.
TEST(SimulatedExecutorTest, AGraphInsideATaskMayNestAWideOne) {
  Simulated scheduler(1, 3);
  std::atomic<int> ran{0};
  TaskGraph wide;
  for (int i = 0; i < 1000; ++i) wide.Add([&ran] { ++ran; });
  TaskGraph graph;
  int rounds = 0;
  graph.AddGraph(wide, [&rounds] { return ++rounds < 3; });
  const auto started = scheduler->Start(graph);
  ASSERT_TRUE(started.Wait().ok());
  EXPECT_EQ(ran, 3000);
}

TEST(SimulatedExecutorTest, WhatTheEndOfAGraphSubmitsIsNotLost) {
  Simulated scheduler(1, 3, /*steals=*/false);
  int ran = 0;
  TaskGraph inner;
  inner.Add([] {});
  TaskGraph graph;
  graph.AddGraph(inner, [&] {
    scheduler->Submit([&ran] { ++ran; });
    return false;
  });
  ASSERT_TRUE(scheduler->Start(graph).Wait().ok());
  ASSERT_TRUE(scheduler->WaitAll().status.ok());
  EXPECT_EQ(ran, 1);
}

TEST(SimulatedExecutorTest, NamesThatNeverCameEndInOneOrder) {
  const auto order = [] {
    Simulated scheduler(1, 2);
    TaskGroup group(*scheduler);
    for (int i = 0; i < 50; ++i) {
      TaskDefinition definition{.function = scheduler.Body(i),
                                .dependencies = {TaskRef("ghost " + std::to_string(i))},
                                .on_failed_dependency = DependencyPolicy::kRunAnyway};
      EXPECT_TRUE(group.Schedule(std::move(definition)).ok());
    }
    group.Seal();
    group.Wait();
    return scheduler.trace();
  };
  const Trace first = order();
  EXPECT_EQ(first.size(), 50);
  for (int again = 0; again < 5; ++again) EXPECT_EQ(order(), first);
}

// Whose entry in the lane is taken later, when it has run.
TEST(SimulatedExecutorTest, ATaskThatWasWaitedForTakesNoTimeAgain) {
  Simulated scheduler(1, 1);
  scheduler->Submit([&] { EXPECT_TRUE(scheduler->Submit({.priority = 1}, [] {}).Wait().ok()); });
  scheduler->Submit(scheduler.Body(1));
  ASSERT_TRUE(scheduler->WaitAll().status.ok());
  EXPECT_EQ(scheduler.trace(), (Trace{{1, 0, Microseconds(3)}}));
}

TEST(SimulatedExecutorTest, WhatEndsUnrunTakesNoTime) {
  Simulated scheduler(1, 1);
  TaskGraph graph;
  const auto fails = graph.Add([] { return absl::AbortedError("failed"); }).Cost(5);
  graph.Add(scheduler.Body(1)).Cost(70).After(fails);
  graph.Add(scheduler.Body(2)).Cost(3);
  EXPECT_EQ(scheduler->Run(graph).skipped, 1);
  EXPECT_EQ(scheduler.now(), Microseconds(8));

  TaskGroup group(*scheduler);
  Task<> cancelled;
  group.Submit([&] { cancelled.Cancel(); });
  cancelled = group.Submit(scheduler.Body(3));
  group.Submit([&] { group.Cancel(absl::CancelledError("enough")); });
  group.Submit(scheduler.Body(4));
  EXPECT_EQ(group.Wait().cancelled, 2);
  EXPECT_EQ(scheduler.now(), Microseconds(10));
}

TEST(SimulatedExecutorTest, WithoutStealingATaskStaysWithItsWorker) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Simulated scheduler(seed, 4, /*steals=*/false);
    const auto root = scheduler->Submit(scheduler.Body(0));
    for (int i = 1; i <= 20; ++i) scheduler->Submit(scheduler.Body(i), After(root));
    ASSERT_TRUE(scheduler->WaitAll().status.ok());
    for (const Step& step : scheduler.trace()) {
      ASSERT_EQ(step.worker, scheduler.trace()[0].worker);
    }
    EXPECT_EQ(scheduler.now(), Microseconds(21));
  }
}

TEST(SimulatedExecutorTest, AParallelForUsesItsWorkers) {
  Simulated scheduler(1, 8);
  std::vector<int> seen(10'000);
  ASSERT_TRUE(ParallelFor(scheduler->root(), 0, 10'000, [&seen](std::int64_t i) {
                ++seen[static_cast<std::size_t>(i)];
              }).ok());
  EXPECT_EQ(seen, std::vector<int>(10'000, 1));
}

TEST(SimulatedExecutorTest, WaitsOfSeveralThreadsTakeTurns) {
  Simulated scheduler(1, 3);
  TaskGroup group(*scheduler);
  std::vector<Task<>> tasks;
  for (int i = 0; i < 300; ++i) tasks.push_back(group.Submit([] {}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&tasks, t] {
      for (std::size_t i = static_cast<std::size_t>(t); i < tasks.size(); i += 3) {
        EXPECT_TRUE(tasks[i].Wait().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(group.Wait().ok());
}

}  // namespace
}  // namespace weft
