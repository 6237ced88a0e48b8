// SPDX-License-Identifier: Apache-2.0
//
// The same as makespan_* on real threads: makespan_threads_*, random graphs of tasks that take a
// millisecond on average, in multiples of max(longest way, work / threads).
//
// A body looks at the clock until its time is over: how fast the processor is, and whether two
// threads share a core, then changes nothing, and what is measured is the order alone. What others
// take from a body is hidden; what else they take only makes a run longer: the least of three
// counts.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <mutex>
#include <queue>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/harness/random_graph.h"
#include "bench/harness/suite.h"
#include "bench/libraries.h"
#include "bench/scheduler/make_scheduler.h"
#include "weft/core/task_options.h"
#include "weft/scheduler/task_graph.h"

namespace weft::bench {
namespace {

using SteadyTime = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr double kMeanMicroseconds = 1000;
constexpr int kRuns = 3;

void SpinFor(double microseconds) {
  const SteadyTime::time_point begin = SteadyTime::now();
  while (Microseconds(SteadyTime::now() - begin).count() < microseconds) {
  }
}

template <class Run>
double LeastTimeOf(Run run) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRuns; ++i) {
    const SteadyTime::time_point begin = SteadyTime::now();
    run();
    least = std::min(least, Microseconds(SteadyTime::now() - begin).count());
  }
  return least;
}

enum class Knows { kHints, kHistory, kNothing };

// In microseconds.
double Makespan(const RandomGraph& graph, int threads, Knows knows) {
  const auto scheduler = MakeScheduler(threads);
  TaskGraph tasks;
  std::vector<TaskGraph::Node> nodes;
  for (std::size_t node = 0; node < graph.cost.size(); ++node) {
    TaskOptions of;
    if (knows == Knows::kHints) of.cost = graph.cost[node];
    if (knows == Knows::kHistory) {
      of.kind = TaskKind::Named(kGraphKinds[graph.kind[node]]);
    }
    nodes.push_back(tasks.Add(of, [cost = graph.cost[node]] { SpinFor(cost); }));
  }
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    for (const std::size_t after : graph.successors[node]) {
      nodes[node].Before(nodes[after]);
    }
  }
  tasks.Freeze().IgnoreError();  // an error comes out of the run, too
  bool ok = true;
  if (knows == Knows::kHistory) ok = scheduler->Run(tasks).ok();
  const double elapsed = LeastTimeOf([&] { ok = scheduler->Run(tasks).ok() && ok; });
  return ok ? elapsed : 0;
}

// Threads that share one list, first come, first served.
//
// Thread safety: Work() from each of the threads.
class FirstComeFirstServed {
 public:
  explicit FirstComeFirstServed(const RandomGraph& graph)
      : graph_(graph), waiting_(graph.in_degree), left_(graph.cost.size()) {
    for (std::size_t node = 0; node < graph.size(); ++node) {
      if (waiting_[node] == 0) ready_.push(node);
    }
  }

  void Work() {
    std::unique_lock lock(mu_);
    for (;;) {
      changed_.wait(lock, [&] { return !ready_.empty() || left_ == 0; });
      if (left_ == 0) return;
      const std::size_t node = ready_.front();
      ready_.pop();
      lock.unlock();
      SpinFor(graph_.cost[node]);
      lock.lock();
      for (const std::size_t after : graph_.successors[node]) {
        if (--waiting_[after] == 0) ready_.push(after);
      }
      --left_;
      changed_.notify_all();
    }
  }

 private:
  const RandomGraph& graph_;
  std::mutex mu_;
  std::condition_variable changed_;
  std::vector<std::size_t> waiting_;
  std::queue<std::size_t> ready_;
  std::size_t left_;
};

double MakespanOfFifo(const RandomGraph& graph, int threads) {
  return LeastTimeOf([&] {
    FirstComeFirstServed list(graph);
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([&list] { list.Work(); });
    list.Work();
    for (std::thread& other : others) other.join();
  });
}

void TimeGraphs(Measurement& measurement, GraphClass of, int threads, std::size_t nodes,
                int graphs) {
  constexpr const char* kNames[][2] = {{"hints_mean", "hints_worst"},
                                       {"history_mean", "history_worst"},
                                       {"neither_mean", "neither_worst"},
                                       {"fifo_mean", "fifo_worst"}};
  constexpr std::size_t kModes = std::size(kNames);
  Ratios ratios[kModes];
  bool ok = true;
  measurement.RunOnce([&] {
    for (int seed = 1; seed <= graphs; ++seed) {
      RandomGraph graph = MakeRandomGraph(of, nodes, static_cast<std::uint64_t>(seed));
      graph.ScaleToMean(kMeanMicroseconds);
      for (std::size_t i = 0; i < kModes; ++i) {
        // Another one is the first each time.
        const std::size_t mode = (i + static_cast<std::size_t>(seed)) % kModes;
        const double elapsed = mode < 3 ? Makespan(graph, threads, static_cast<Knows>(mode))
                                        : MakespanOfFifo(graph, threads);
        ok = ok && elapsed > 0;
        ratios[mode].Add(elapsed / graph.LowerBound(threads));
      }
    }
  });
  measurement.Expect(ok ? nullptr : "a node of a graph did not complete");
  for (std::size_t mode = 0; mode < kModes; ++mode) {
    measurement.Report(kNames[mode][0], ratios[mode].mean());
    measurement.Report(kNames[mode][1], ratios[mode].worst);
  }
}

}  // namespace

void RegisterWeftMakespans(Suite& suite) {
  const bool small = suite.flags().small;
  for (const auto& [name, of] : kGraphClasses) {
    suite.Add("makespan_threads_" + std::string(name), "weft", 2, 1,
              [=, of = of](Measurement& measurement) {
                TimeGraphs(measurement, of, 2, small ? 20 : 200, small ? 1 : 10);
              });
  }
}

}  // namespace weft::bench
