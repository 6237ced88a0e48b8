// SPDX-License-Identifier: Apache-2.0
//
// What a user adds to a library that has tasks but no graphs.

#ifndef WEFT_BENCH_BASELINES_COUNTED_GRAPH_H_
#define WEFT_BENCH_BASELINES_COUNTED_GRAPH_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bench/baselines/successor_lists.h"
#include "bench/harness/dag.h"
#include "bench/harness/work.h"

namespace weft::bench {

// One std::function and one atomic counter a node.
//
// Thread safety: RunNode() from any thread, for different nodes.
class CountedGraph {
 public:
  CountedGraph(const Dag& dag, Work& work) : successors_(dag), waiting_(dag.size()) {
    bodies_.reserve(dag.size());
    in_degree_.reserve(dag.size());
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      bodies_.emplace_back(Body{&work, node});
      in_degree_.push_back(static_cast<std::uint32_t>(dag.predecessors(node).size()));
      waiting_[node].store(in_degree_[node], std::memory_order_relaxed);
      if (in_degree_[node] == 0) roots_.push_back(node);
    }
  }

  std::span<const std::uint32_t> roots() const { return roots_; }

  // Runs `node`, then calls `ready(next)` for each successor that waits for nothing more.
  template <class Ready>
  void RunNode(std::uint32_t node, Ready ready) {
    bodies_[node]();
    // relaxed: armed for the next run, which begins after this one has ended.
    waiting_[node].store(in_degree_[node], std::memory_order_relaxed);
    for (const std::uint32_t next : successors_[node]) {
      // acq_rel: what all predecessors wrote is visible to whoever runs `next`.
      if (waiting_[next].fetch_sub(1, std::memory_order_acq_rel) == 1) ready(next);
    }
  }

 private:
  const SuccessorLists successors_;
  std::vector<std::function<void()>> bodies_;
  std::vector<std::uint32_t> in_degree_;
  std::vector<std::uint32_t> roots_;
  std::vector<std::atomic<std::uint32_t>> waiting_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_BASELINES_COUNTED_GRAPH_H_
