// SPDX-License-Identifier: Apache-2.0
//
// dispenso, where it is installed: the caller works too, and runs tasks inside their
// submission once many are waiting.

#include <cstddef>
#include <cstdint>
#include <dispenso/graph.h>
#include <dispenso/graph_executor.h>
#include <dispenso/parallel_for.h>
#include <dispenso/task_set.h>
#include <dispenso/thread_pool.h>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class Dispenso {
 public:
  static constexpr std::string_view kName = "dispenso";
  static constexpr bool kInlines = true;

  explicit Dispenso(int threads) : pool_(static_cast<std::size_t>(threads - 1)) {}

  class Graph {
   public:
    Graph(Dispenso& library, const Dag& dag, Work& work) : tasks_(library.pool_) {
      std::vector<dispenso::Node*> nodes;
      nodes.reserve(dag.size());
      for (std::uint32_t node = 0; node < dag.size(); ++node) {
        nodes.push_back(&graph_.addNode(Body{&work, node}));
        for (const std::uint32_t before : dag.predecessors(node)) {
          nodes[node]->dependsOn(*nodes[before]);
        }
      }
    }
    void Run() {
      setAllNodesIncomplete(graph_);  // found by its argument alone
      executor_(tasks_, graph_);
    }

   private:
    dispenso::Graph graph_;
    dispenso::ConcurrentTaskSet tasks_;
    dispenso::ConcurrentTaskSetExecutor executor_;
  };

  class Scope {
   public:
    explicit Scope(dispenso::ThreadPool& pool) : tasks_(pool) {}
    template <class F>
    void Submit(F task) {
      tasks_.schedule(std::move(task));
    }
    void Wait() { tasks_.wait(); }

   private:
    dispenso::ConcurrentTaskSet tasks_;
  };

  template <class Use>
  void Enter(Use use) {
    Scope scope(pool_);
    use(scope);
    scope.Wait();
  }

  template <class F>
  void ParallelFor(std::size_t count, F f) {
    dispenso::TaskSet tasks(pool_);
    dispenso::parallel_for(tasks, std::size_t{0}, count, f);
  }

 private:
  dispenso::ThreadPool pool_;
};

}  // namespace

void RegisterDispenso(Suite& suite) { RegisterLibrary<Dispenso>(suite); }

}  // namespace weft::bench
