// SPDX-License-Identifier: Apache-2.0
//
// oneTBB's task_group: run() for each task, for each ready node of a graph too.

#include <cstdint>
#include <string_view>
#include <utility>

#include "oneapi/tbb/task_group.h"

#include "bench/baselines/counted_graph.h"
#include "bench/baselines/tbb_threads.h"
#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class TbbTaskGroup {
 public:
  static constexpr std::string_view kName = "tbb_task_group";

  explicit TbbTaskGroup(int threads) : threads_(threads) {}

  class Graph {
   public:
    Graph(TbbTaskGroup& library, const Dag& dag, Work& work)
        : library_(library), nodes_(dag, work) {}

    void Run() {
      library_.threads_.Execute([this] {
        tbb::task_group group;
        for (const std::uint32_t root : nodes_.roots()) Spawn(group, root);
        group.wait();
      });
    }

   private:
    void Spawn(tbb::task_group& group, std::uint32_t node) {
      group.run([this, &group, node] {
        nodes_.RunNode(node, [&](std::uint32_t next) { Spawn(group, next); });
      });
    }

    TbbTaskGroup& library_;
    CountedGraph nodes_;
  };

  class Scope {
   public:
    template <class F>
    void Submit(F task) {
      group_.run(std::move(task));
    }
    void Wait() { group_.wait(); }

   private:
    tbb::task_group group_;
  };

  template <class Use>
  void Enter(Use use) {
    threads_.Execute([&use] {
      Scope scope;
      use(scope);
      scope.Wait();
    });
  }

  std::uint64_t Fibonacci(unsigned n) {
    std::uint64_t result = 0;
    threads_.Execute([&] { result = Fork(n); });
    return result;
  }

 private:
  static std::uint64_t Fork(unsigned n) {
    if (n < 2) return n;
    std::uint64_t left = 0;
    tbb::task_group group;
    group.run([&left, n] { left = Fork(n - 1); });
    const std::uint64_t right = Fork(n - 2);
    group.wait();
    return left + right;
  }

  TbbThreads threads_;
};

}  // namespace

void RegisterTbbTaskGroup(Suite& suite) { RegisterLibrary<TbbTaskGroup>(suite); }

}  // namespace weft::bench
