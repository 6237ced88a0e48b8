// SPDX-License-Identifier: Apache-2.0
//
// What a library's adapter may offer; a workload is run for those that offer what it needs.
//
//   static constexpr std::string_view kName;
//   explicit Library(int threads);      so many threads in all work on tasks
//
//   class Graph {                        a graph that is built once and run again and again
//     Graph(Library&, const Dag&, Work&);
//     void Run();                        blocks until every node ran
//   };
//   class Scope {                        a place to submit tasks to, also from inside of them
//     void Submit(F);
//     void Wait();                       for what the thread of Enter submitted, by that thread
//   };
//   void Enter(Use);                     calls use(scope), then waits for everything
//   void SubmitBulk(Work&);              independent tasks in one call
//   void SubmitGraph(const Dag&, Work&, Submitted);  one by one, naming predecessors by handle
//   void SubmitNames(const Dag&, const std::vector<std::string>&, Work&);  ... by string
//   std::uint64_t Fibonacci(unsigned);   a task for one of the two calls, at every level
//   void ParallelFor(std::size_t, F);    f(i) for each i
//
//   kSequential   no threads: only run with one
//   kInlines      may run a task inside Submit, so that tasks cannot be held back
//   kMaxTasks     more would take too long or too much

#ifndef WEFT_BENCH_HARNESS_LIBRARY_H_
#define WEFT_BENCH_HARNESS_LIBRARY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bench/harness/dag.h"
#include "bench/harness/work.h"

namespace weft::bench {

template <class L>
concept RunsGraphs = requires {
  typename L::Graph;
};
template <class L>
concept SubmitsTasks = requires {
  typename L::Scope;
};
template <class L>
concept SubmitsBulk = requires(L& library, Work& work) {
  library.SubmitBulk(work);
};
template <class L>
concept TakesHandles = requires(L& library, const Dag& dag, Work& work) {
  library.SubmitGraph(dag, work, [] {});
};
template <class L>
concept TakesNames = requires(L& library, const Dag& dag, const std::vector<std::string>& names,
                              Work& work) {
  library.SubmitNames(dag, names, work);
};
template <class L>
concept ForksAndJoins = requires(L& library) {
  library.Fibonacci(1u);
};
template <class L>
concept LoopsInParallel = requires(L& library) {
  library.ParallelFor(std::size_t{1}, [](auto) {});
};

template <class L>
concept Sequential = requires {
  L::kSequential;
};
template <class L>
concept Inlines = requires {
  L::kInlines;
};
template <class L>
concept Bounded = requires {
  L::kMaxTasks;
};

// Which thread counts are compared.
template <class L>
std::vector<int> ThreadCounts() {
  if constexpr (Sequential<L>) {
    return {1};
  } else {
    return {2, 1};
  }
}

template <class L>
constexpr std::uint32_t AtMost(std::uint32_t tasks) {
  if constexpr (Bounded<L>) {
    return std::min(tasks, L::kMaxTasks);
  } else {
    return tasks;
  }
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_LIBRARY_H_
