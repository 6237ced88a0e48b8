// SPDX-License-Identifier: Apache-2.0
//
// Sees to it that a low task starts some time, however many higher ones come.

#ifndef WEFT_SCHEDULER_INTERNAL_LANE_AGES_H_
#define WEFT_SCHEDULER_INTERNAL_LANE_AGES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "weft/distribution/ready_order.h"

namespace weft::internal {

// For each lane below the highest: how many tasks of higher ones have started since one of its
// own did, while it had some that waited. Counts, not times: the same with each run.
//
// Thread safety: every method from any thread; with several workers each may start one more
// task while another counts.
// Cost: a locked instruction for each lane in which something waits.
template <class P>
class LaneAges {
 public:
  // Some of `lane` have started while nothing waited in any other.
  void StartedMeanwhile(Lane lane) { At(lane).store(0, std::memory_order_relaxed); }

  // A task of `lane` starts; below it, lanes with waits(lower) have some that wait.
  template <class Waits>
  void Started(Lane lane, Waits waits) {
    // relaxed, all: counts, which publish nothing.
    if (lane < Lane::kUrgent) At(lane).store(0, std::memory_order_relaxed);
    for (std::size_t i = 0; i < static_cast<std::size_t>(lane); ++i) {
      if (waits(static_cast<Lane>(i))) passed_[i].fetch_add(1, std::memory_order_relaxed);
    }
  }

  // True, once: the caller is to take one of that lane, which is below the highest, before any
  // higher one.
  bool TakeDue(Lane lane) {
    std::uint32_t passed = At(lane).load(std::memory_order_relaxed);
    while (passed >= kStartsBeforeLower) {
      if (At(lane).compare_exchange_weak(passed, 0, std::memory_order_relaxed,
                                         std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

 private:
  using Count = typename P::template Atomic<std::uint32_t>;

  Count& At(Lane lane) { return passed_[static_cast<std::size_t>(lane)]; }

  std::array<Count, kLaneCount - 1> passed_{};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_LANE_AGES_H_
