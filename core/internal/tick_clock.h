// SPDX-License-Identifier: Apache-2.0
//
// A clock for the times of single tasks, which are read several times in each: the processor's
// time-stamp counter where it can be trusted, the system's monotonic clock elsewhere.

#ifndef WEFT_CORE_INTERNAL_TICK_CLOCK_H_
#define WEFT_CORE_INTERNAL_TICK_CLOCK_H_

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace weft::internal {

// Ticks are used when the processor says that they come at a constant rate in every state, and
// the kernel keeps its own time by them, which it does only while those of all processors agree.
//
// The rate is measured once for each clock and then stays, so that no reading can be less than an
// earlier one: against CLOCK_MONOTONIC, over the time since the process made its first clock. That
// first one waits 5 ms for it. What remains is small, and what the kernel corrects its own
// rate by while the clock lives.
//
// Thread safety: Nanoseconds from any thread. Of two threads that know of each other's reading,
// the later one may be the smaller by less than a microsecond: reading orders nothing.
// Cost: `counts_ticks()`: one instruction and a multiplication; else clock_gettime, which
// takes several times as long.
class TickClock {
 public:
  enum class Source : std::uint8_t { kBest, kSystem };

  // Zero is now.
  explicit TickClock(Source source = Source::kBest);

  // Never negative.
  std::int64_t Nanoseconds() const {
#if defined(__x86_64__)
    if (counts_ticks()) {
      // Another processor's counter may be behind by a little when this one's is at zero.
      const auto ticks = static_cast<std::int64_t>(__rdtsc() - begin_);
      return ticks < 0 ? 0 : static_cast<std::int64_t>((Wide{ticks} * multiplier_) >> kShift);
    }
#endif
    return SystemNanoseconds() - static_cast<std::int64_t>(begin_);
  }
  bool counts_ticks() const { return multiplier_ != 0; }

 private:
  __extension__ using Wide = __int128;
  static constexpr int kShift = 32;

  static std::int64_t SystemNanoseconds();

  std::uint64_t begin_ = 0;      // in ticks, or in nanoseconds of the system's clock
  std::int64_t multiplier_ = 0;  // nanoseconds a tick, times 2^kShift; 0: no ticks
};

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_TICK_CLOCK_H_
