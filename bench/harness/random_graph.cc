// SPDX-License-Identifier: Apache-2.0

#include "bench/harness/random_graph.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <random>
#include <vector>

namespace weft::bench {
namespace {

constexpr double kMeanDegree = 3;
constexpr std::size_t kReach = 100;  // without layers: how far back a predecessor may be

struct Span {
  std::size_t first = 0;
  std::size_t last = 0;  // after it
};

// Among which nodes those before `node` are: those of the layer before.
Span CandidatesInLayers(std::size_t node, std::size_t nodes, std::size_t layers) {
  const auto layer_of = [layers, nodes](std::size_t other) { return other * layers / nodes; };
  const std::size_t layer = layer_of(node);
  Span candidates;
  if (layer == 0) return candidates;
  while (layer_of(candidates.first) < layer - 1) ++candidates.first;
  while (layer_of(candidates.last) < layer) ++candidates.last;
  return candidates;
}

std::vector<std::size_t> ChoosePredecessors(Span candidates, std::mt19937_64& random) {
  std::vector<std::size_t> before;
  const std::size_t width = candidates.last - candidates.first;
  if (width == 0) return before;
  for (int degree = std::poisson_distribution<int>(kMeanDegree)(random); degree > 0; --degree) {
    before.push_back(candidates.first + random() % width);
  }
  std::sort(before.begin(), before.end());
  before.erase(std::unique(before.begin(), before.end()), before.end());
  return before;
}

double LongestWay(const RandomGraph& graph) {
  std::vector<double> to_end(graph.cost.size());
  double longest = 0;
  for (std::size_t node = to_end.size(); node-- > 0;) {
    for (const std::size_t after : graph.successors[node]) {
      to_end[node] = std::max(to_end[node], to_end[after]);
    }
    to_end[node] += graph.cost[node];
    longest = std::max(longest, to_end[node]);
  }
  return longest;
}

}  // namespace

RandomGraph MakeRandomGraph(GraphClass of, std::size_t nodes, std::uint64_t seed) {
  RandomGraph graph;
  graph.successors.resize(nodes);
  graph.in_degree.resize(nodes);
  graph.cost.resize(nodes);
  graph.kind.resize(nodes);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  double kinds[std::size(kGraphKinds)];
  for (double& mean : kinds) mean = std::exp(std::sqrt(0.75) * normal(random));
  for (std::size_t node = 0; node < nodes; ++node) {
    const std::size_t kind = random() % std::size(kGraphKinds);
    graph.kind[node] = kind;
    graph.cost[node] = 1000 * kinds[kind] * std::exp(0.5 * normal(random));
    graph.work += graph.cost[node];
    const Span candidates =
        of == GraphClass::kMixed
            ? Span{node - std::min(node, kReach), node}
            : CandidatesInLayers(node, nodes, of == GraphClass::kWide ? 8 : nodes / 10);
    const std::vector<std::size_t> before = ChoosePredecessors(candidates, random);
    for (const std::size_t other : before) graph.successors[other].push_back(node);
    graph.in_degree[node] = before.size();
  }
  graph.longest = LongestWay(graph);
  return graph;
}

void RandomGraph::ScaleToMean(double microseconds) {
  const double factor = microseconds * static_cast<double>(size()) / work;
  for (double& each : cost) each *= factor;
  work *= factor;
  longest *= factor;
}

}  // namespace weft::bench
