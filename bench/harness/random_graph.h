// SPDX-License-Identifier: Apache-2.0
//
// Graphs of tasks of unequal cost, for schedules that are judged by their length.

#ifndef WEFT_BENCH_HARNESS_RANDOM_GRAPH_H_
#define WEFT_BENCH_HARNESS_RANDOM_GRAPH_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::bench {

enum class GraphClass {
  kWide,   // 8 layers
  kDeep,   // a layer for each ten nodes
  kMixed,  // no layers: after any of the hundred before
};

inline constexpr std::pair<std::string_view, GraphClass> kGraphClasses[] = {
    {"wide", GraphClass::kWide}, {"deep", GraphClass::kDeep}, {"mixed", GraphClass::kMixed}};

inline constexpr std::string_view kGraphKinds[] = {"k0", "k1", "k2", "k3", "k4", "k5",
                                                   "k6", "k7", "k8", "k9", "ka", "kb"};

// Costs are log-normal with sigma 1; three quarters of that variance is between kinds, so that
// what was learned of a kind helps as far as it can and no further.
//
// Thread safety: like a container.
struct RandomGraph {
  std::vector<std::vector<std::size_t>> successors;  // of larger numbers
  std::vector<std::size_t> in_degree;
  std::vector<double> cost;       // microseconds
  std::vector<std::size_t> kind;  // an index into kGraphKinds
  double work = 0;                // microseconds, as is the next
  double longest = 0;             // way to an end

  std::size_t size() const { return cost.size(); }
  // No schedule is shorter.
  double LowerBound(int workers) const { return std::max(longest, work / workers); }
  // Changes all costs by one factor, so that this is their mean.
  void ScaleToMean(double microseconds);
};

// The same graph for the same seed.
RandomGraph MakeRandomGraph(GraphClass of, std::size_t nodes, std::uint64_t seed);

// Ratios to the lower bound.
//
// Thread safety: a plain value.
struct Ratios {
  double sum = 0;
  double worst = 0;
  int count = 0;

  void Add(double ratio) {
    sum += ratio;
    worst = std::max(worst, ratio);
    ++count;
  }
  double mean() const { return sum / count; }
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_RANDOM_GRAPH_H_
