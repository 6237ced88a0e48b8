// SPDX-License-Identifier: Apache-2.0
//
// weft's TaskGraph: built once, run again and again.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/harness/register_library.h"
#include "bench/libraries.h"
#include "bench/scheduler/make_scheduler.h"
#include "weft/scheduler/task_graph.h"

namespace weft::bench {
namespace {

class WeftGraph {
 public:
  static constexpr std::string_view kName = "weft";

  explicit WeftGraph(int threads) : scheduler_(MakeScheduler(threads)) {}

  class Graph {
   public:
    Graph(WeftGraph& library, const Dag& dag, Work& work) : scheduler_(*library.scheduler_) {
      std::vector<TaskGraph::Node> nodes;
      nodes.reserve(dag.size());
      for (std::uint32_t node = 0; node < dag.size(); ++node) {
        nodes.push_back(graph_.Add(Body{&work, node}));
        for (const std::uint32_t before : dag.predecessors(node)) {
          nodes[before].Before(nodes[node]);
        }
      }
    }

    void Run() { scheduler_.Run(graph_); }

   private:
    TaskScheduler& scheduler_;
    TaskGraph graph_;
  };

 private:
  const std::unique_ptr<TaskScheduler> scheduler_;
};

}  // namespace

void RegisterWeftGraph(Suite& suite) { RegisterLibrary<WeftGraph>(suite); }

}  // namespace weft::bench
