// SPDX-License-Identifier: Apache-2.0
//
// How close to the best possible a graph of tasks of unequal cost ends: random graphs on simulated
// workers, in multiples of max(longest way, work / workers), which no schedule is below.
//
// A third of the graphs is wide (few layers), a third deep (many), a third has no layers at all.
// Costs are log-normal with sigma 1; three quarters of that variance is between kinds, so that what
// was learned of a kind helps as far as it can and no further.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"

#include "weft/core/virtual_clock.h"
#include "weft/scheduler/simulated_executor.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::bench {
namespace {

constexpr int kNodes = 1000;
constexpr int kGraphs = 67;  // of each class: 200 in all
constexpr double kMeanDegree = 3;

enum Class { kWide, kDeep, kMixed };

struct RandomGraph {
  std::vector<std::vector<int>> successors = std::vector<std::vector<int>>(kNodes);
  std::vector<int> in_degree = std::vector<int>(kNodes);
  std::vector<double> cost = std::vector<double>(kNodes);  // microseconds
  std::vector<int> kind = std::vector<int>(kNodes);
  double work = 0;
  double longest = 0;

  double LowerBound(int workers) const { return std::max(longest, work / workers); }
};

constexpr std::string_view kKinds[] = {"k0", "k1", "k2", "k3", "k4", "k5",
                                       "k6", "k7", "k8", "k9", "ka", "kb"};

RandomGraph MakeGraph(Class of, std::uint64_t seed) {
  RandomGraph graph;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  double kinds[std::size(kKinds)];
  for (double& mean : kinds) mean = std::exp(std::sqrt(0.75) * normal(random));
  const int layers = of == kWide ? 8 : 100;
  const auto layer_of = [layers](int node) { return node * layers / kNodes; };
  for (int node = 0; node < kNodes; ++node) {
    const int kind = static_cast<int>(random() % std::size(kKinds));
    graph.kind[node] = kind;
    graph.cost[node] = 1000 * kinds[kind] * std::exp(0.5 * normal(random));
    graph.work += graph.cost[node];
    // With layers: on nodes of the layer before; without: on any of the hundred before.
    int first = std::max(0, node - 100);
    int last = node;
    if (of != kMixed) {
      const int layer = layer_of(node);
      first = last = 0;
      while (layer > 0 && layer_of(first) < layer - 1) ++first;
      while (layer > 0 && layer_of(last) < layer) ++last;
    }
    if (first == last) continue;
    std::vector<int> before;
    for (int degree = std::poisson_distribution<int>(kMeanDegree)(random); degree > 0; --degree) {
      before.push_back(first + static_cast<int>(random() % static_cast<unsigned>(last - first)));
    }
    std::sort(before.begin(), before.end());
    before.erase(std::unique(before.begin(), before.end()), before.end());
    for (const int other : before) graph.successors[other].push_back(node);
    graph.in_degree[node] = static_cast<int>(before.size());
  }
  std::vector<double> to_end(kNodes);
  for (int node = kNodes; node-- > 0;) {
    for (const int after : graph.successors[node]) {
      to_end[node] = std::max(to_end[node], to_end[after]);
    }
    to_end[node] += graph.cost[node];
    graph.longest = std::max(graph.longest, to_end[node]);
  }
  return graph;
}

// A list schedule, first come, first served.
double FirstComeFirstServed(const RandomGraph& graph, int workers) {
  std::queue<int> ready;
  std::vector<int> waiting = graph.in_degree;
  for (int node = 0; node < kNodes; ++node) {
    if (waiting[node] == 0) ready.push(node);
  }
  using End = std::pair<double, int>;
  std::priority_queue<End, std::vector<End>, std::greater<>> running;
  double now = 0;
  while (!ready.empty() || !running.empty()) {
    for (; !ready.empty() && static_cast<int>(running.size()) < workers; ready.pop()) {
      running.emplace(now + graph.cost[ready.front()], ready.front());
    }
    now = running.top().first;
    const int ended = running.top().second;
    running.pop();
    for (const int after : graph.successors[ended]) {
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
  for (int node = 0; node < kNodes; ++node) {
    TaskOptions of;
    if (knows == Knows::kHints) of.cost = graph.cost[node];
    if (knows == Knows::kHistory) of.kind = TaskKind::Named(kKinds[graph.kind[node]]);
    nodes.push_back(tasks.Add(of, [] {}).Name(std::to_string(node)));
  }
  for (int node = 0; node < kNodes; ++node) {
    for (const int after : graph.successors[node]) nodes[node].Before(nodes[after]);
  }
  if (knows == Knows::kHistory) scheduler->Run(tasks);
  return absl::ToDoubleMicroseconds(scheduler->Run(tasks).elapsed);
}

void MakespanOfGraphs(benchmark::State& state, Class of, int workers) {
  struct Sum {
    const char* name;
    double sum = 0;
    double worst = 0;
    void Add(double ratio) {
      sum += ratio;
      worst = std::max(worst, ratio);
    }
  } sums[] = {{"hints"}, {"history"}, {"neither"}, {"fifo"}};
  for (auto _ : state) {
    for (Sum& sum : sums) sum.sum = sum.worst = 0;
    for (std::uint64_t seed = 1; seed <= kGraphs; ++seed) {
      const RandomGraph graph = MakeGraph(of, seed);
      const double bound = graph.LowerBound(workers);
      sums[0].Add(Makespan(graph, workers, Knows::kHints, seed) / bound);
      sums[1].Add(Makespan(graph, workers, Knows::kHistory, seed) / bound);
      sums[2].Add(Makespan(graph, workers, Knows::kNothing, seed) / bound);
      sums[3].Add(FirstComeFirstServed(graph, workers) / bound);
    }
  }
  for (const Sum& sum : sums) {
    state.counters[std::string(sum.name) + "_mean"] = sum.sum / kGraphs;
    state.counters[std::string(sum.name) + "_worst"] = sum.worst;
  }
}

const bool registered = [] {
  constexpr std::pair<const char*, Class> kClasses[] = {
      {"wide", kWide}, {"deep", kDeep}, {"mixed", kMixed}};
  for (const auto& [name, of] : kClasses) {
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
