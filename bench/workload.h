// SPDX-License-Identifier: Apache-2.0
//
// What every library has to do in a workload, and the check that it did.

#ifndef WEFT_BENCH_WORKLOAD_H_
#define WEFT_BENCH_WORKLOAD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"

namespace weft::bench {

// One counter per task; a body adds one to its own. Relaxed stores, so that the
// compiler keeps them and no library pays for more.
class Counters {
 public:
  explicit Counters(std::size_t tasks) : values_(tasks) {}

  std::size_t size() const { return values_.size(); }
  void Hit(std::size_t task) {
    values_[task].store(values_[task].load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  }
  // Whether each task ran `rounds` times.
  bool AllAre(std::uint32_t rounds) const {
    for (const auto& value : values_) {
      if (value.load() != rounds) return false;
    }
    return true;
  }

 private:
  std::vector<std::atomic<std::uint32_t>> values_;
};

// How many tasks a workload has: --tasks=N, 100,000 unless told otherwise.
std::size_t TaskCount();

// Registers "<workload>/<library>/<threads>"; `run` does the whole workload once.
// `setup` is made outside the timing and handed to each run.
using RunOnce = std::function<void(Counters&)>;
void Register(const std::string& workload, const std::string& library, int threads,
              std::function<RunOnce(int threads)> setup);

// Called by main, once the flags are read.
void RegisterIndependent();
void RegisterChain();

}  // namespace weft::bench

#endif  // WEFT_BENCH_WORKLOAD_H_
