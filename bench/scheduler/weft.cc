// SPDX-License-Identifier: Apache-2.0
//
// weft's tasks, one by one and in batches.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/harness/register_library.h"
#include "bench/libraries.h"
#include "bench/scheduler/make_scheduler.h"
#include "weft/core/task_definition.h"
#include "weft/scheduler/parallel_for.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::bench {
namespace {

class Weft {
 public:
  static constexpr std::string_view kName = "weft";

  explicit Weft(int threads) : scheduler_(MakeScheduler(threads)) {}

  class Scope {
   public:
    explicit Scope(TaskScheduler& scheduler) : group_(scheduler) {}
    template <class F>
    void Submit(F task) {
      group_.Detach(std::move(task));
    }
    void Wait() { group_.Wait(); }

   private:
    TaskGroup group_;
  };

  template <class Use>
  void Enter(Use use) {
    Scope scope(*scheduler_);
    use(scope);
    scope.Wait();
  }

  void SubmitBulk(Work& work) {
    std::vector<Body> bodies;
    bodies.reserve(work.size());
    for (std::uint32_t i = 0; i < work.size(); ++i) bodies.push_back(Body{&work, i});
    TaskGroup group(*scheduler_);
    group.DetachAll(std::move(bodies));
    group.Wait();
  }

  template <class Submitted>
  void SubmitGraph(const Dag& dag, Work& work, Submitted submitted) {
    TaskGroup group(*scheduler_);
    std::vector<AnyTask> tasks;
    tasks.reserve(dag.size());
    std::vector<const AnyTask*> before;
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      before.clear();
      for (const std::uint32_t other : dag.predecessors(node)) before.push_back(&tasks[other]);
      tasks.push_back(group.Submit(Body{&work, node}, After(std::span(before))));
    }
    submitted();
    group.Wait();
  }

  void SubmitNames(const Dag& dag, const std::vector<std::string>& names, Work& work) {
    TaskGroup group(*scheduler_);
    for (std::uint32_t node = 0; node < dag.size(); ++node) {
      TaskDefinition definition{.id = names[node], .function = Body{&work, node}};
      definition.dependencies.reserve(dag.predecessors(node).size());
      for (const std::uint32_t before : dag.predecessors(node)) {
        definition.dependencies.emplace_back(names[before]);
      }
      // A refused task is one that did not run, which the harness finds.
      group.Schedule(std::move(definition)).IgnoreError();
    }
    group.Wait();
  }

  template <class F>
  void ParallelFor(std::size_t count, F f) {
    // Ends well: f neither fails nor throws.
    weft::ParallelFor(scheduler_->root(), std::size_t{0}, count,
                      [&f](std::size_t first, std::size_t last) {
                        for (std::size_t i = first; i < last; ++i) f(i);
                      })
        .IgnoreError();
  }

  std::uint64_t Fibonacci(unsigned n) {
    return scheduler_->Submit([this, n] { return Fork(n); }).Get().value();
  }

 private:
  std::uint64_t Fork(unsigned n) {
    if (n < 2) return n;
    const Task<std::uint64_t> left = scheduler_->Submit([this, n] { return Fork(n - 1); });
    const std::uint64_t right = Fork(n - 2);
    return left.Get().value() + right;
  }

  const std::unique_ptr<TaskScheduler> scheduler_;
};

}  // namespace

void RegisterWeft(Suite& suite) { RegisterLibrary<Weft>(suite); }

}  // namespace weft::bench
