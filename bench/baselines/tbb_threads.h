// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_BENCH_BASELINES_TBB_THREADS_H_
#define WEFT_BENCH_BASELINES_TBB_THREADS_H_

#include <cstddef>

#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/task_arena.h"

namespace weft::bench {

// So many threads in all: the caller and the workers beside it. Both limits are needed
// to have more than the machine has processors.
//
// Thread safety: one thread.
class TbbThreads {
 public:
  explicit TbbThreads(int threads)
      : limit_(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)),
        arena_(threads) {}

  template <class F>
  void Execute(const F& f) {
    arena_.execute(f);
  }

 private:
  tbb::global_control limit_;
  tbb::task_arena arena_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_BASELINES_TBB_THREADS_H_
