// SPDX-License-Identifier: Apache-2.0
//
// How close to the best possible a graph of tasks of unequal cost ends: random graphs on simulated
// workers, in multiples of max(longest way, work / workers), which no schedule is below.
//
// A third of the graphs is wide (few layers), a third deep (many), a third has no layers at all.

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"

#include "bench/harness/random_graph.h"
#include "weft/core/virtual_clock.h"
#include "weft/scheduler/simulated_executor.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::bench {
namespace {

constexpr std::size_t kNodes = 1000;
constexpr int kGraphs = 67;  // of each class: 200 in all

// A list schedule, first come, first served.
double FirstComeFirstServed(const RandomGraph& graph, int workers) {
  std::queue<std::size_t> ready;
  std::vector<std::size_t> waiting = graph.in_degree;
  for (std::size_t node = 0; node < kNodes; ++node) {
    if (waiting[node] == 0) ready.push(node);
  }
  using End = std::pair<double, std::size_t>;
  std::priority_queue<End, std::vector<End>, std::greater<>> running;
  double now = 0;
  while (!ready.empty() || !running.empty()) {
    for (; !ready.empty() && static_cast<int>(running.size()) < workers; ready.pop()) {
      running.emplace(now + graph.cost[ready.front()], ready.front());
    }
    now = running.top().first;
    const std::size_t ended = running.top().second;
    running.pop();
    for (const std::size_t after : graph.successors[ended]) {
      if (--waiting[after] == 0) ready.push(after);
    }
  }
  return now;
}

enum class Knows { kHints, kHistory, kNothing };

// In microseconds.
double Makespan(const RandomGraph& graph, int workers, Knows knows, std::uint64_t seed) {
  VirtualClock clock;
  SchedulerOptions options;
  options.executor = *SimulatedExecutor::Create(seed, workers, clock, [&](std::string_view name) {
    return absl::Microseconds(graph.cost[static_cast<std::size_t>(std::stoi(std::string(name)))]);
  });
  const auto scheduler = *TaskScheduler::Create(std::move(options));
  TaskGraph tasks;
  std::vector<TaskGraph::Node> nodes;
  for (std::size_t node = 0; node < kNodes; ++node) {
    TaskOptions of;
    if (knows == Knows::kHints) of.cost = graph.cost[node];
    if (knows == Knows::kHistory) of.kind = TaskKind::Named(kGraphKinds[graph.kind[node]]);
    nodes.push_back(tasks.Add(of, [] {}).Name(std::to_string(node)));
  }
  for (std::size_t node = 0; node < kNodes; ++node) {
    for (const std::size_t after : graph.successors[node]) nodes[node].Before(nodes[after]);
  }
  if (knows == Knows::kHistory) scheduler->Run(tasks);
  return absl::ToDoubleMicroseconds(scheduler->Run(tasks).elapsed);
}

void MakespanOfGraphs(benchmark::State& state, GraphClass of, int workers) {
  std::pair<const char*, Ratios> modes[] = {
      {"hints", {}}, {"history", {}}, {"neither", {}}, {"fifo", {}}};
  for (auto _ : state) {
    for (auto& [name, ratios] : modes) ratios = {};
    for (std::uint64_t seed = 1; seed <= kGraphs; ++seed) {
      const RandomGraph graph = MakeRandomGraph(of, kNodes, seed);
      const double bound = graph.LowerBound(workers);
      modes[0].second.Add(Makespan(graph, workers, Knows::kHints, seed) / bound);
      modes[1].second.Add(Makespan(graph, workers, Knows::kHistory, seed) / bound);
      modes[2].second.Add(Makespan(graph, workers, Knows::kNothing, seed) / bound);
      modes[3].second.Add(FirstComeFirstServed(graph, workers) / bound);
    }
  }
  for (const auto& [name, ratios] : modes) {
    state.counters[std::string(name) + "_mean"] = ratios.mean();
    state.counters[std::string(name) + "_worst"] = ratios.worst;
  }
}

const bool registered = [] {
  for (const auto& [name, of] : kGraphClasses) {
    for (const int workers : {2, 8, 64}) {
      benchmark::RegisterBenchmark(
          ("makespan_" + std::string(name) + "/weft/" + std::to_string(workers)).c_str(),
          MakespanOfGraphs, of, workers)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace weft::bench
