// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_BENCH_BASELINES_SUCCESSOR_LISTS_H_
#define WEFT_BENCH_BASELINES_SUCCESSOR_LISTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "bench/harness/dag.h"

namespace weft::bench {

// All lists of successors in one array, ascending.
class SuccessorLists {
 public:
  explicit SuccessorLists(const Dag& dag) : begin_(dag.size() + 2), targets_(dag.edge_count()) {
    // One place further on, so that filling in leaves each list's begin where it belongs.
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      for (const std::uint32_t before : dag.predecessors(node)) ++begin_[before + 2];
    }
    for (std::size_t i = 2; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      for (const std::uint32_t before : dag.predecessors(node)) {
        targets_[begin_[before + 1]++] = node;
      }
    }
  }

  std::span<const std::uint32_t> operator[](std::uint32_t node) const {
    return std::span(targets_).subspan(begin_[node], begin_[node + 1] - begin_[node]);
  }

 private:
  std::vector<std::uint32_t> begin_;
  std::vector<std::uint32_t> targets_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_BASELINES_SUCCESSOR_LISTS_H_
