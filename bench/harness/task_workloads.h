// SPDX-License-Identifier: Apache-2.0
//
// Tasks that are submitted while others run: submit_*, spawn_inside, deps_*, fork_join,
// size_*, and parallel_for.

#ifndef WEFT_BENCH_HARNESS_TASK_WORKLOADS_H_
#define WEFT_BENCH_HARNESS_TASK_WORKLOADS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"

#include "bench/harness/dag.h"
#include "bench/harness/library.h"
#include "bench/harness/suite.h"
#include "bench/harness/work.h"

namespace weft::bench {

inline constexpr std::uint32_t kOutsideTasks = 1'000'000;
inline constexpr std::uint32_t kOutsideHeavyTasks = 200'000;
inline constexpr std::uint32_t kSmallTasks = 100;

// Runs `submit` untimed once, then timed; every task has to run each time.
template <class Submit>
void TimeSubmissions(Measurement& measurement, Work& work, std::uint32_t steps, Submit submit,
                     const Dag* order = nullptr) {
  work.CheckOrder(order);
  submit();
  work.CheckOrder(nullptr);
  work.Spin(steps);
  measurement.TimeRuns(work.size(), submit);
  measurement.Expect(work.Wrong(1 + measurement.run_count()));
}

template <SubmitsTasks L>
void SubmitOutside(L& library, Work& work) {
  library.Enter([&work](typename L::Scope& scope) {
    for (std::uint32_t i = 0; i < work.size(); ++i) scope.Submit(Body{&work, i});
  });
}

template <SubmitsTasks L>
void TimeSubmitOutside(Measurement& measurement, int threads, std::uint32_t tasks,
                       std::uint32_t steps) {
  Work work(AtMost<L>(tasks));
  L library(threads);
  TimeSubmissions(measurement, work, steps, [&] { SubmitOutside(library, work); });
}

template <SubmitsBulk L>
void TimeSubmitBulk(Measurement& measurement, int threads, std::uint32_t tasks,
                    std::uint32_t steps) {
  Work work(tasks);
  L library(threads);
  TimeSubmissions(measurement, work, steps, [&] { library.SubmitBulk(work); });
}

// A task of a binary tree, which submits its two children. 16 bytes, as Body.
template <class Scope>
struct Spawn {
  struct Tree {
    Tree(Scope& all, Work& counts) : scope(all), work(counts) {}
    Scope& scope;
    Work& work;
  };
  const Tree* tree;
  std::uint32_t task;

  void operator()() const {
    tree->work.Run(task);
    for (std::uint32_t child = 2 * task + 1; child <= 2 * task + 2; ++child) {
      if (child < tree->work.size()) tree->scope.Submit(Spawn{tree, child});
    }
  }
};

template <SubmitsTasks L>
void TimeSpawnInside(Measurement& measurement, int threads, std::uint32_t tasks,
                     std::uint32_t steps) {
  using Task = Spawn<typename L::Scope>;
  Work work(tasks);
  L library(threads);
  TimeSubmissions(measurement, work, steps, [&] {
    std::optional<typename Task::Tree> tree;  // outlives the tasks: those end with Enter
    library.Enter([&](typename L::Scope& scope) {
      tree.emplace(scope, work);
      scope.Submit(Task{&*tree, 0});
    });
  });
}

template <TakesHandles L>
void TimeHandles(Measurement& measurement, int threads, const Dag& dag, std::uint32_t steps) {
  Work work(dag.size());
  L library(threads);
  TimeSubmissions(
      measurement, work, steps, [&] { library.SubmitGraph(dag, work, [] {}); }, &dag);
}

// Names as long as paths in a program are: too long for a string's small buffer.
inline std::vector<std::string> NamesOf(const Dag& dag) {
  std::vector<std::string> names;
  names.reserve(dag.size());
  for (std::uint32_t i = 0; i < dag.size(); ++i) {
    names.push_back("wavefront/cell-" + std::to_string(i));
  }
  return names;
}

template <TakesNames L>
void TimeNames(Measurement& measurement, int threads, const Dag& dag) {
  Work work(dag.size());
  L library(threads);
  const std::vector<std::string> names = NamesOf(dag);
  TimeSubmissions(
      measurement, work, 0, [&] { library.SubmitNames(dag, names, work); }, &dag);
}

// fib(n), and how many tasks that is when one of two calls is a task.
struct Fork {
  std::uint64_t result;
  std::uint32_t tasks;
};
inline Fork ForkOf(unsigned n) {
  Fork before{0, 0};
  Fork now{1, 0};
  for (unsigned i = 1; i < n; ++i) {
    const Fork next{before.result + now.result, before.tasks + now.tasks + 1};
    before = now;
    now = next;
  }
  return now;
}

template <ForksAndJoins L>
void TimeForkJoin(Measurement& measurement, int threads, unsigned n) {
  while (AtMost<L>(ForkOf(n).tasks) < ForkOf(n).tasks) --n;
  const Fork fork = ForkOf(n);
  L library(threads);
  bool right = true;
  const auto run = [&] {
    benchmark::DoNotOptimize(n);  // a pure function would be called once for all runs
    right &= library.Fibonacci(n) == fork.result;
  };
  run();
  measurement.TimeRuns(fork.tasks, run);
  measurement.Expect(right ? nullptr : "fork_join came to a wrong sum");
}

// ns_per_task is for one element.
template <LoopsInParallel L>
void TimeParallelFor(Measurement& measurement, int threads, std::size_t elements) {
  std::vector<float> values(elements, 1.0f);
  L library(threads);
  const auto run = [&] {
    library.ParallelFor(
        elements, [data = values.data()](std::size_t i) { data[i] = data[i] * 1.0001f + 1.0f; });
  };
  run();
  measurement.TimeRuns(elements, run);
  float expected = 1.0f;
  for (std::uint32_t i = 0; i <= measurement.run_count(); ++i) expected = expected * 1.0001f + 1.0f;
  const bool right = std::ranges::all_of(values, [expected](float value) {
    return std::abs(value - expected) <= 1e-3f * expected;  // some compilers fuse the two steps
  });
  measurement.Expect(right ? nullptr : "parallel_for missed an element or did it twice");
}

template <class L>
void AddSubmissions(Suite& suite, int threads, bool heavy) {
  const bool small = suite.flags().small;
  const std::uint32_t steps = heavy ? kHeavySteps : 0;
  const std::uint32_t tasks = small ? kSmallTasks : heavy ? kOutsideHeavyTasks : kOutsideTasks;
  const std::uint32_t tree = (1u << (small ? 8 : heavy ? 16 : 18)) - 1;
  const std::string suffix = heavy ? "_700ns" : "";
  if constexpr (SubmitsTasks<L>) {
    suite.Add("submit_outside" + suffix, L::kName, threads, [=](Measurement& measurement) {
      TimeSubmitOutside<L>(measurement, threads, tasks, steps);
    });
    if constexpr (!Bounded<L>) {
      suite.Add("spawn_inside" + suffix, L::kName, threads, [=](Measurement& measurement) {
        TimeSpawnInside<L>(measurement, threads, tree, steps);
      });
    }
  }
  if constexpr (SubmitsBulk<L>) {
    suite.Add("submit_bulk" + suffix, L::kName, threads, [=](Measurement& measurement) {
      TimeSubmitBulk<L>(measurement, threads, tasks, steps);
    });
  }
  if constexpr (TakesHandles<L>) {
    for (const Shape& shape : {kWavefront, kRandom}) {
      const std::uint32_t extent = small ? shape.small : heavy ? shape.heavy : shape.full;
      suite.Add("deps_handle_" + std::string(shape.name) + suffix, L::kName, threads,
                [=](Measurement& measurement) {
                  TimeHandles<L>(measurement, threads, shape.make(extent), steps);
                });
    }
  }
}

// How large must a task be? The same work, cut into tasks of 1 to 1,000 us.
template <SubmitsTasks L>
void AddTaskSizes(Suite& suite, int threads) {
  constexpr std::uint32_t kTotalMicroseconds = 50'000;
  constexpr std::uint32_t kFewestTasks = 100;
  for (const std::uint32_t size : {1u, 2u, 5u, 10u, 20u, 50u, 100u, 200u, 500u, 1000u}) {
    const std::uint32_t tasks =
        suite.flags().small ? 4 : std::max(kTotalMicroseconds / size, kFewestTasks);
    suite.Add("size_" + std::to_string(size) + "us", L::kName, threads,
              [=](Measurement& measurement) {
                TimeSubmitOutside<L>(measurement, threads, tasks, size * kStepsPerMicrosecond);
              });
  }
}

template <class L>
void AddTaskWorkloads(Suite& suite) {
  const bool small = suite.flags().small;
  for (const int threads : ThreadCounts<L>()) {
    for (const bool heavy : {false, true}) AddSubmissions<L>(suite, threads, heavy);
    if constexpr (SubmitsTasks<L>) AddTaskSizes<L>(suite, threads);
    if constexpr (TakesNames<L>) {
      suite.Add("deps_string_wavefront", L::kName, threads, [=](Measurement& measurement) {
        TimeNames<L>(measurement, threads, Wavefront(small ? kWavefront.small : kWavefront.full));
      });
    }
    if constexpr (ForksAndJoins<L>) {
      suite.Add("fork_join", L::kName, threads, [=](Measurement& measurement) {
        TimeForkJoin<L>(measurement, threads, small ? 12 : 28);
      });
    }
    if constexpr (LoopsInParallel<L>) {
      suite.Add("parallel_for", L::kName, threads, [=](Measurement& measurement) {
        TimeParallelFor<L>(measurement, threads, small ? 1000 : 10'000'000);
      });
    }
  }
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_TASK_WORKLOADS_H_
