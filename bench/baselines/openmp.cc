// SPDX-License-Identifier: Apache-2.0
//
// OpenMP tasks. A runtime may run a task inside its submission once enough are waiting.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/baselines/counted_graph.h"
#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class OpenMp {
 public:
  static constexpr std::string_view kName = "openmp";
  static constexpr bool kInlines = true;

  explicit OpenMp(int threads) : threads_(threads) {}

  class Graph {
   public:
    Graph(OpenMp& library, const Dag& dag, Work& work)
        : threads_(library.threads_), nodes_(dag, work) {}

    void Run() {
#pragma omp parallel num_threads(threads_)
#pragma omp single
      for (const std::uint32_t root : nodes_.roots()) Spawn(root);
    }

   private:
    void Spawn(std::uint32_t node) {
#pragma omp task firstprivate(node)
      nodes_.RunNode(node, [this](std::uint32_t next) { Spawn(next); });
    }

    const int threads_;
    CountedGraph nodes_;
  };

  class Scope {
   public:
    template <class F>
    void Submit(F task) {
#pragma omp task firstprivate(task)
      task();
    }
    // What tasks have submitted themselves is waited for at the end of Enter.
    void Wait() {
#pragma omp taskwait
    }
  };

  template <class Use>
  void Enter(Use use) {
    Scope scope;
#pragma omp parallel num_threads(threads_)
#pragma omp single
    use(scope);
  }

  void SubmitBulk(Work& work) {
    const std::uint64_t count = work.size();  // a taskloop counts in 64 bits
#pragma omp parallel num_threads(threads_)
#pragma omp single
#pragma omp taskloop grainsize(1)
    for (std::uint64_t task = 0; task < count; ++task) work.Run(static_cast<std::uint32_t>(task));
  }

  // A predecessor is known by the address that it writes.
  template <class Submitted>
  void SubmitGraph(const Dag& dag, Work& work, Submitted submitted) {
    std::vector<char> written(dag.size());
#pragma omp parallel num_threads(threads_)
#pragma omp single
    {
      for (std::uint32_t node = 0; node < dag.size(); ++node) SubmitNode(dag, node, written, work);
      submitted();
    }
  }

  std::uint64_t Fibonacci(unsigned n) {
    std::uint64_t result = 0;
#pragma omp parallel num_threads(threads_)
#pragma omp single
    result = Fork(n);
    return result;
  }

  template <class F>
  void ParallelFor(std::size_t count, F f) {
#pragma omp parallel for num_threads(threads_) schedule(static)
    for (std::size_t i = 0; i < count; ++i) f(i);
  }

 private:
  static void SubmitNode(const Dag& dag, std::uint32_t node, std::vector<char>& written,
                         Work& work) {
    const std::size_t count = dag.predecessors(node).size();
    const std::uint32_t* before = dag.predecessors(node).data();
    [[maybe_unused]] char* cells = written.data();  // g++ does not count its use below
    const Body body{&work, node};
#pragma omp task firstprivate(body) depend(iterator(std::size_t i = 0     \
                                                    : count),             \
                                           in                             \
                                           : cells[before[i]]) depend(out \
                                                                      : cells[node])
    body();
  }

  static std::uint64_t Fork(unsigned n) {
    if (n < 2) return n;
    std::uint64_t left = 0;
#pragma omp task shared(left) firstprivate(n)
    left = Fork(n - 1);
    const std::uint64_t right = Fork(n - 2);
#pragma omp taskwait
    return left + right;
  }

  const int threads_;
};

}  // namespace

void RegisterOpenMp(Suite& suite) { RegisterLibrary<OpenMp>(suite); }

}  // namespace weft::bench
