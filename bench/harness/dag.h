// SPDX-License-Identifier: Apache-2.0
//
// The graphs that the workloads run.

#ifndef WEFT_BENCH_HARNESS_DAG_H_
#define WEFT_BENCH_HARNESS_DAG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weft::bench {

// For each node its predecessors, which all have a smaller number. That is what every
// library gets; lists of successors and counts of predecessors it makes for itself.
//
// Thread safety: like a container.
class Dag {
 public:
  void AddNode(std::span<const std::uint32_t> predecessors);

  std::uint32_t size() const { return static_cast<std::uint32_t>(begin_.size() - 1); }
  std::size_t edge_count() const { return predecessors_.size(); }
  std::span<const std::uint32_t> predecessors(std::uint32_t node) const {
    return std::span(predecessors_).subspan(begin_[node], begin_[node + 1] - begin_[node]);
  }

 private:
  std::vector<std::uint32_t> begin_{0};
  std::vector<std::uint32_t> predecessors_;
};

Dag Chain(std::uint32_t length);
Dag Tree(std::uint32_t levels);         // towards the leaves, two children a node
Dag Wavefront(std::uint32_t side);      // a square; each cell after those above and to the left
Dag RandomLayers(std::uint32_t width);  // 100 layers, in-degree 1 to 5, always the same
Dag Independent(std::uint32_t count);
Dag Fan(std::uint32_t leaves);  // one node, then all the others

// A shape with its extent at each size: bodies that only count, bodies of 700 ns, smoke test.
struct Shape {
  std::string_view name;
  Dag (*make)(std::uint32_t extent);
  std::uint32_t full;
  std::uint32_t heavy;
  std::uint32_t small;
};

inline constexpr Shape kChain{"chain", Chain, 1'000'000, 100'000, 500};
inline constexpr Shape kTree{"tree", Tree, 18, 16, 8};
inline constexpr Shape kWavefront{"wavefront", Wavefront, 512, 256, 16};
inline constexpr Shape kRandom{"random", RandomLayers, 1000, 1000, 4};
inline constexpr Shape kIndependent{"independent", Independent, 1'000'000, 200'000, 500};
inline constexpr Shape kWave32{"wave32", Wavefront, 32, 32, 8};

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_DAG_H_
