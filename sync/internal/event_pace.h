// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SYNC_INTERNAL_EVENT_PACE_H_
#define WEFT_SYNC_INTERNAL_EVENT_PACE_H_

#include <atomic>
#include <cstdint>
#include <limits>

namespace weft::internal {

// Which events look at the clock, which may cost ten times what counting does: each, until
// they come so fast that nobody misses a few.
//
// Thread safety: every method from any thread; all are hints, and whatever they say is safe.
template <class P>
class EventPace {
 public:
  // Of the event with which so many units have ended.
  bool LooksAtClock(std::int64_t ended) const {
    // relaxed, here and below: see above.
    return ended >= next_look_.load(std::memory_order_relaxed);
  }
  // It has looked; `soon`: less than that after the look before is fast.
  void Looked(std::int64_t ended, std::int64_t now, std::int64_t soon) {
    constexpr std::int64_t kStride = 8;
    const bool fast = now - looked_.load(std::memory_order_relaxed) < soon;
    looked_.store(now, std::memory_order_relaxed);
    next_look_.store(ended + (fast ? kStride : 1), std::memory_order_relaxed);
  }

 private:
  using Value = typename P::template Atomic<std::int64_t>;

  Value next_look_{0};
  Value looked_{std::numeric_limits<std::int64_t>::min() / 2};  // long ago
};

}  // namespace weft::internal

#endif  // WEFT_SYNC_INTERNAL_EVENT_PACE_H_
