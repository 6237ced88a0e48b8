// SPDX-License-Identifier: Apache-2.0
//
// Taskflow, where it is installed. Its workers work; the caller submits and waits.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <taskflow/algorithm/for_each.hpp>
#include <taskflow/taskflow.hpp>
#include <utility>
#include <vector>

#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class Taskflow {
 public:
  static constexpr std::string_view kName = "taskflow";

  explicit Taskflow(int threads) : executor_(static_cast<std::size_t>(threads)) {}

  class Graph {
   public:
    Graph(Taskflow& library, const Dag& dag, Work& work) : executor_(library.executor_) {
      std::vector<tf::Task> tasks;
      tasks.reserve(dag.size());
      for (std::uint32_t node = 0; node < dag.size(); ++node) {
        tasks.push_back(flow_.emplace(Body{&work, node}));
        for (const std::uint32_t before : dag.predecessors(node)) {
          tasks[before].precede(tasks[node]);
        }
      }
    }
    void Run() { executor_.run(flow_).wait(); }

   private:
    tf::Executor& executor_;
    tf::Taskflow flow_;
  };

  class Scope {
   public:
    explicit Scope(tf::Executor& executor) : executor_(executor) {}
    template <class F>
    void Submit(F task) {
      executor_.silent_async(std::move(task));
    }
    void Wait() { executor_.wait_for_all(); }

   private:
    tf::Executor& executor_;
  };

  template <class Use>
  void Enter(Use use) {
    Scope scope(executor_);
    use(scope);
    scope.Wait();
  }

  template <class Submitted>
  void SubmitGraph(const Dag& dag, Work& work, Submitted submitted) {
    std::vector<tf::AsyncTask> tasks;
    tasks.reserve(dag.size());
    std::vector<tf::AsyncTask> before;
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      before.clear();
      for (const std::uint32_t other : dag.predecessors(node)) before.push_back(tasks[other]);
      tasks.push_back(
          executor_.silent_dependent_async(Body{&work, node}, before.begin(), before.end()));
    }
    submitted();
    executor_.wait_for_all();
  }

  template <class F>
  void ParallelFor(std::size_t count, F f) {
    tf::Taskflow flow;
    flow.for_each_index(std::size_t{0}, count, std::size_t{1}, f);
    executor_.run(flow).wait();
  }

 private:
  tf::Executor executor_;
};

}  // namespace

void RegisterTaskflow(Suite& suite) { RegisterLibrary<Taskflow>(suite); }

}  // namespace weft::bench
