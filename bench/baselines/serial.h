// SPDX-License-Identifier: Apache-2.0
//
// The sequential baseline: a stack of ready nodes, one std::function a node, an array
// of counters. What a careful user would write without a library.

#ifndef WEFT_BENCH_BASELINES_SERIAL_H_
#define WEFT_BENCH_BASELINES_SERIAL_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace weft::bench {

// Thread safety: one thread.
class SerialGraph {
 public:
  std::size_t Add(std::function<void()> body) {
    nodes_.push_back({std::move(body), {}, 0});
    return nodes_.size() - 1;
  }
  void Connect(std::size_t before, std::size_t after) {
    nodes_[before].successors.push_back(after);
    ++nodes_[after].predecessors;
  }
  void Run() {
    std::vector<std::size_t> waiting(nodes_.size());
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      waiting[i] = nodes_[i].predecessors;
      if (waiting[i] == 0) ready.push_back(i);
    }
    while (!ready.empty()) {
      const std::size_t node = ready.back();
      ready.pop_back();
      nodes_[node].body();
      for (std::size_t next : nodes_[node].successors) {
        if (--waiting[next] == 0) ready.push_back(next);
      }
    }
  }

 private:
  struct Node {
    std::function<void()> body;
    std::vector<std::size_t> successors;
    std::size_t predecessors;
  };
  std::vector<Node> nodes_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_BASELINES_SERIAL_H_
