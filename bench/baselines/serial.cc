// SPDX-License-Identifier: Apache-2.0
//
// What a careful user would write without a library and without threads: a stack of
// ready nodes, one std::function a node, an array of counters.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "bench/baselines/successor_lists.h"
#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class Serial {
 public:
  static constexpr std::string_view kName = "serial";
  static constexpr bool kSequential = true;

  explicit Serial(int) {}

  class Graph {
   public:
    Graph(Serial&, const Dag& dag, Work& work) : successors_(dag) {
      bodies_.reserve(dag.size());
      in_degree_.reserve(dag.size());
      for (std::uint32_t node = 0; node < dag.size(); ++node) {
        bodies_.emplace_back(Body{&work, node});
        in_degree_.push_back(static_cast<std::uint32_t>(dag.predecessors(node).size()));
        if (in_degree_.back() == 0) roots_.push_back(node);
      }
      waiting_ = in_degree_;
    }

    // Root by root, so that the stack stays small; a node is armed again as it runs.
    void Run() {
      for (const std::uint32_t root : roots_) {
        ready_.push_back(root);
        while (!ready_.empty()) {
          const std::uint32_t node = ready_.back();
          ready_.pop_back();
          bodies_[node]();
          waiting_[node] = in_degree_[node];
          for (const std::uint32_t next : successors_[node]) {
            if (--waiting_[next] == 0) ready_.push_back(next);
          }
        }
      }
    }

   private:
    const SuccessorLists successors_;
    std::vector<std::function<void()>> bodies_;
    std::vector<std::uint32_t> in_degree_;
    std::vector<std::uint32_t> roots_;
    std::vector<std::uint32_t> waiting_;
    std::vector<std::uint32_t> ready_;
  };

  // The stack outlives a pass, so that it grows only in the first.
  class Scope {
   public:
    template <class F>
    void Submit(F task) {
      stack_.emplace_back(std::move(task));
    }
    void Wait() {
      while (!stack_.empty()) {
        const std::function<void()> task = std::move(stack_.back());
        stack_.pop_back();
        task();
      }
    }

   private:
    std::vector<std::function<void()>> stack_;
  };

  template <class Use>
  void Enter(Use use) {
    use(scope_);
    scope_.Wait();
  }

  void SubmitBulk(Work& work) {
    for (std::uint32_t i = 0; i < work.size(); ++i) scope_.Submit(Body{&work, i});
    scope_.Wait();
  }

  // Collected first, then run: that the order of submission is a possible one is not known.
  template <class Submitted>
  void SubmitGraph(const Dag& dag, Work& work, Submitted submitted) {
    Graph graph(*this, dag, work);
    submitted();
    graph.Run();
  }

  void SubmitNames(const Dag& dag, const std::vector<std::string>& names, Work& work) {
    absl::flat_hash_map<std::string, std::uint32_t> nodes;
    nodes.reserve(names.size());
    Dag found;
    std::vector<std::uint32_t> before;
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      nodes.emplace(names[node], node);
      before.clear();
      for (const std::uint32_t other : dag.predecessors(node))
        before.push_back(nodes[names[other]]);
      found.AddNode(before);
    }
    Graph(*this, found, work).Run();
  }

  [[gnu::noinline]] std::uint64_t Fibonacci(unsigned n) {
    return n < 2 ? n : Fibonacci(n - 1) + Fibonacci(n - 2);
  }

  template <class F>
  void ParallelFor(std::size_t count, F f) {
    for (std::size_t i = 0; i < count; ++i) f(i);
  }

 private:
  Scope scope_;
};

}  // namespace

void RegisterSerial(Suite& suite) { RegisterLibrary<Serial>(suite); }

}  // namespace weft::bench
