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
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/core/task_context.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft {
namespace {

using absl::Microseconds;

// What a body saw.
struct Step {
  int what = 0;
  int worker = 0;
  absl::Duration end;

  bool operator==(const Step&) const = default;
};
using Trace = std::vector<Step>;

// A scheduler of simulated workers, and what its bodies saw.
class Simulated {
 public:
  Simulated(std::uint64_t seed, int workers, bool steals = true) {
    SchedulerOptions options;
    options.config.enable_work_stealing = steals;
    options.executor = *SimulatedExecutor::Create(seed, workers, clock_);
    options.clock = &clock_;
    options.record_times = true;
    scheduler_ = *TaskScheduler::Create(std::move(options));
  }

  TaskScheduler& operator*() { return *scheduler_; }
  TaskScheduler* operator->() { return scheduler_.get(); }
  auto Body(int what) {
    return [this, what](TaskContext& context) {
      trace_.push_back({what, context.worker(), clock_.Now()});
    };
  }
  const Trace& trace() const { return trace_; }
  absl::Duration now() const { return clock_.Now(); }

 private:
  VirtualClock clock_;
  Trace trace_;
  std::unique_ptr<TaskScheduler> scheduler_;
};

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

// What a list schedule must be, from what was seen of it alone.
class GreedyTest : public ::testing::TestWithParam<int> {
 protected:
  struct Job {
    double cost = 1;
    std::vector<int> after;
  };
  struct Ran {
    absl::Duration begin;
    absl::Duration end;
    int worker = 0;
  };

  static std::vector<Job> Draw(std::mt19937& random) {
    std::vector<Job> jobs(1 + random() % 60);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].cost = static_cast<double>(1 + random() % 20);
      for (unsigned k = random() % 4; k > 0 && i > 0; --k) {
        jobs[i].after.push_back(static_cast<int>(random() % i));
      }
    }
    return jobs;
  }

  static std::vector<Ran> RunOf(const std::vector<Job>& jobs, std::uint64_t seed, int workers) {
    Simulated scheduler(seed, workers);
    TaskGraph graph;
    std::vector<TaskGraph::Node> nodes;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      nodes.push_back(graph.Add(scheduler.Body(static_cast<int>(i))).Cost(jobs[i].cost));
      for (const int before : jobs[i].after) {
        nodes.back().After(nodes[static_cast<std::size_t>(before)]);
      }
    }
    EXPECT_TRUE(scheduler->Run(graph).status.ok());
    EXPECT_EQ(scheduler.trace().size(), jobs.size());
    std::vector<Ran> ran(jobs.size());
    for (const Step& step : scheduler.trace()) {
      const auto i = static_cast<std::size_t>(step.what);
      ran[i] = {step.end - Microseconds(jobs[i].cost), step.end, step.worker};
    }
    return ran;
  }

  // When all that it depends on has ended.
  static absl::Duration ReadyAt(const Job& job, const std::vector<Ran>& ran) {
    absl::Duration ready;
    for (const int before : job.after) {
      ready = std::max(ready, ran[static_cast<std::size_t>(before)].end);
    }
    return ready;
  }
};
INSTANTIATE_TEST_SUITE_P(Workers, GreedyTest, ::testing::Values(1, 2, 3, 8, 16));

TEST_P(GreedyTest, NoWorkerIsIdleWhileATaskIsReady) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::vector<Job> jobs = Draw(random);
    const std::vector<Ran> ran = RunOf(jobs, seed, GetParam());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const absl::Duration ready = ReadyAt(jobs[i], ran);
      ASSERT_GE(ran[i].begin, ready) << i;
      // Between being ready and beginning, all workers were at something else: at each of
      // the moments when that could have changed.
      std::vector<absl::Duration> moments = {ready};
      for (const Ran& other : ran) {
        if (other.end > ready && other.end < ran[i].begin) moments.push_back(other.end);
      }
      for (const absl::Duration moment : moments) {
        if (moment >= ran[i].begin) continue;
        const auto busy = std::count_if(ran.begin(), ran.end(), [moment](const Ran& other) {
          return other.begin <= moment && moment < other.end;
        });
        ASSERT_EQ(busy, GetParam()) << i << " was ready at " << moment;
      }
    }
  }
}

TEST_P(GreedyTest, AWorkerDoesOneThingAtATime) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::vector<Ran> ran = RunOf(Draw(random), seed, GetParam());
    std::sort(ran.begin(), ran.end(), [](const Ran& a, const Ran& b) {
      return std::tie(a.worker, a.begin) < std::tie(b.worker, b.begin);
    });
    for (std::size_t i = 1; i < ran.size(); ++i) {
      if (ran[i].worker == ran[i - 1].worker) {
        ASSERT_GE(ran[i].begin, ran[i - 1].end) << "seed " << seed;
      }
    }
  }
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
