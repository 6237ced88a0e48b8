// SPDX-License-Identifier: Apache-2.0
//
// oneTBB's flow graph: a continue_node for each node.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "oneapi/tbb/flow_graph.h"

#include "bench/baselines/tbb_threads.h"
#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class TbbFlowGraph {
 public:
  static constexpr std::string_view kName = "tbb_flow_graph";

  explicit TbbFlowGraph(int threads) : threads_(threads) {}

  class Graph {
   public:
    Graph(TbbFlowGraph& library, const Dag& dag, Work& work) : library_(library) {
      // A graph belongs to the arena in which it is made.
      library_.threads_.Execute([this] { graph_.emplace(); });
      nodes_.reserve(dag.size());
      for (std::uint32_t node = 0; node < dag.size(); ++node) {
        nodes_.emplace_back(*graph_, [body = Body{&work, node}](const Message&) { body(); });
        for (const std::uint32_t before : dag.predecessors(node)) {
          tbb::flow::make_edge(nodes_[before], nodes_[node]);
        }
        if (dag.predecessors(node).empty()) roots_.push_back(node);
      }
    }

    void Run() {
      library_.threads_.Execute([this] {
        for (const std::uint32_t root : roots_) nodes_[root].try_put(Message());
        graph_->wait_for_all();
      });
    }

   private:
    using Message = tbb::flow::continue_msg;
    TbbFlowGraph& library_;
    std::optional<tbb::flow::graph> graph_;
    std::vector<tbb::flow::continue_node<Message>> nodes_;
    std::vector<std::uint32_t> roots_;
  };

 private:
  TbbThreads threads_;
};

}  // namespace

void RegisterTbbFlowGraph(Suite& suite) { RegisterLibrary<TbbFlowGraph>(suite); }

}  // namespace weft::bench
