// SPDX-License-Identifier: Apache-2.0
//
// oneTBB's loop: over elements, and as its way to submit many independent tasks at once.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "oneapi/tbb/blocked_range.h"
#include "oneapi/tbb/parallel_for.h"

#include "bench/baselines/tbb_threads.h"
#include "bench/harness/register_library.h"
#include "bench/libraries.h"

namespace weft::bench {
namespace {

class TbbParallelFor {
 public:
  static constexpr std::string_view kName = "tbb_parallel_for";

  explicit TbbParallelFor(int threads) : threads_(threads) {}

  // Each index may go to another thread, as tasks may.
  void SubmitBulk(Work& work) {
    threads_.Execute([&work] {
      tbb::parallel_for(
          std::uint32_t{0}, work.size(), [&work](std::uint32_t task) { work.Run(task); },
          tbb::simple_partitioner());
    });
  }

  template <class F>
  void ParallelFor(std::size_t count, F f) {
    threads_.Execute([&] {
      tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count),
                        [&](const tbb::blocked_range<std::size_t>& range) {
                          for (std::size_t i = range.begin(); i < range.end(); ++i) f(i);
                        });
    });
  }

 private:
  TbbThreads threads_;
};

}  // namespace

void RegisterTbbParallelFor(Suite& suite) { RegisterLibrary<TbbParallelFor>(suite); }

}  // namespace weft::bench
