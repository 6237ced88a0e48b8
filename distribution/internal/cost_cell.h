// SPDX-License-Identifier: Apache-2.0
//
// The running figures of one kind of task, which every worker may add to.

#ifndef WEFT_DISTRIBUTION_INTERNAL_COST_CELL_H_
#define WEFT_DISTRIBUTION_INTERNAL_COST_CELL_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

#include "weft/distribution/kind_cost.h"

namespace weft::internal {

// The mean after a run that took `cost`, when it was `mean` before. A run of more than
// twice the mean replaces it: the kind has become dearer than was known, and a task that
// is thought too cheap is started too late, with nothing left to run beside it. A run of
// less than half is averaged like any other: one that ended early must not hide what the
// kind costs, and with halves a mean that is too high comes down within a few runs.
// Never outside of the two, also where rounding is coarse.
inline double NextMean(double mean, double cost) {
  return cost > 2 * mean ? cost : mean + 0.5 * (cost - mean);
}

// Thread safety: every method from any thread, but Begin.
// Cost: Observe is two updates of one cache line, which workers that end tasks of one
// kind at the same time take from each other.
template <class P>
class CostCell {
 public:
  // Goes on from earlier figures. Requires: IsSound(earlier), no other thread knows this.
  void Begin(const KindCost& earlier) {
    // relaxed: who shares the cell publishes it.
    count_.store(earlier.count, std::memory_order_relaxed);
    min_.store(earlier.min, std::memory_order_relaxed);
    max_.store(earlier.max, std::memory_order_relaxed);
    mean_.store(earlier.mean, std::memory_order_relaxed);
  }

  // Requires: `cost` is finite and at least 0. Each is in the mean once, in some order.
  void Observe(double cost) {
    // relaxed: the exchange below publishes the three.
    count_.fetch_add(1, std::memory_order_relaxed);
    double seen = min_.load(std::memory_order_relaxed);
    while (cost < seen && !min_.compare_exchange_weak(seen, cost, std::memory_order_relaxed,
                                                      std::memory_order_relaxed)) {
    }
    seen = max_.load(std::memory_order_relaxed);
    while (cost > seen && !max_.compare_exchange_weak(seen, cost, std::memory_order_relaxed,
                                                      std::memory_order_relaxed)) {
    }
    seen = mean_.load(std::memory_order_relaxed);
    // release: pairs with Read.
    while (!mean_.compare_exchange_weak(seen, seen == kNone ? cost : NextMean(seen, cost),
                                        std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  std::optional<double> mean() const {
    // relaxed: one number, and an old one is as good a guess.
    const double mean = mean_.load(std::memory_order_relaxed);
    return mean == kNone ? std::nullopt : std::optional<double>(mean);
  }

  // Sound figures, but for the name; nothing when there is no run yet. A run that is
  // just being added may be in the count, the least and the greatest, and not in the mean.
  std::optional<KindCost> Read() const {
    KindCost cost;
    // acquire: pairs with Observe; what is in the mean is in what is read next.
    cost.mean = mean_.load(std::memory_order_acquire);
    if (cost.mean == kNone) return std::nullopt;
    cost.count = count_.load(std::memory_order_relaxed);
    cost.min = min_.load(std::memory_order_relaxed);
    cost.max = max_.load(std::memory_order_relaxed);
    return cost;
  }

 private:
  static constexpr double kNone = -1;  // no cost is negative

  typename P::template Atomic<std::uint64_t> count_{0};
  typename P::template Atomic<double> min_{std::numeric_limits<double>::infinity()};
  typename P::template Atomic<double> max_{kNone};
  typename P::template Atomic<double> mean_{kNone};
};

}  // namespace weft::internal

#endif  // WEFT_DISTRIBUTION_INTERNAL_COST_CELL_H_
