// SPDX-License-Identifier: Apache-2.0
//
// Random numbers for back-off, from a seed.

#ifndef WEFT_SCHEDULER_INTERNAL_JITTER_SOURCE_H_
#define WEFT_SCHEDULER_INTERNAL_JITTER_SOURCE_H_

#include <atomic>
#include <cstdint>

#include "weft/core/internal/platform.h"
#include "weft/core/internal/split_mix.h"

namespace weft::internal {

// One stream for all who draw: with one thread the same seed gives the same numbers.
//
// Thread safety: any thread.
class JitterSource {
 public:
  explicit JitterSource(std::uint64_t seed) : state_(seed) {}

  // In [0, 1).
  double Next() {
    // relaxed: each gets a number of its own, in any order.
    return SplitMix64(state_.fetch_add(kStep, std::memory_order_relaxed)).NextUniform();
  }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15U;  // the generator's own

  StdPlatform::Atomic<std::uint64_t> state_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_JITTER_SOURCE_H_
