// SPDX-License-Identifier: Apache-2.0
//
// How long many things waited: percentiles from counts, in a fixed size.

#ifndef WEFT_SCHEDULER_INTERNAL_WAIT_HISTOGRAM_H_
#define WEFT_SCHEDULER_INTERNAL_WAIT_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

#include "weft/core/internal/platform.h"
#include "weft/scheduler/run_summary.h"

namespace weft::internal {

// Counts in buckets: eight for each power of two, as in Gil Tene's HdrHistogram. A bucket is at
// most an eighth as wide as what lies in it; below 16 ns each number has its own.
//
// Thread safety: every method from any thread; what is added meanwhile may be seen in part.
// Cost: 4 KiB; adding is two or three instructions that lock a cache line.
class WaitHistogram {
 public:
  static constexpr std::size_t kBuckets = 8 + (63 - 3) * 8;

  // Negative counts as nothing.
  void Add(std::int64_t nanoseconds) {
    const std::int64_t waited = std::max<std::int64_t>(nanoseconds, 0);
    // relaxed, all: published by the ends of the tasks.
    counts_[BucketOf(waited)].fetch_add(1, std::memory_order_relaxed);
    std::int64_t most = max_.load(std::memory_order_relaxed);
    while (waited > most && !max_.compare_exchange_weak(most, waited, std::memory_order_relaxed)) {
    }
  }

  QueueWaits Read() const {
    QueueWaits waits;
    std::array<std::int64_t, kBuckets> counts;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      counts[i] = counts_[i].load(std::memory_order_relaxed);
      waits.count += counts[i];
    }
    const std::int64_t max = max_.load(std::memory_order_relaxed);
    const auto percentile = [&](int percent) {
      // The smallest that so many are not above.
      std::int64_t left = (waits.count * percent + 99) / 100;
      std::size_t bucket = 0;
      while (bucket + 1 < kBuckets && (left -= counts[bucket]) > 0) ++bucket;
      return absl::Nanoseconds(std::min(LastIn(bucket), max));
    };
    waits.p50 = percentile(50);
    waits.p90 = percentile(90);
    waits.p99 = percentile(99);
    waits.max = absl::Nanoseconds(max);
    return waits;
  }

  // By one thread, while nobody adds.
  void Reset() {
    for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
    max_.store(0, std::memory_order_relaxed);
  }

  static std::size_t BucketOf(std::int64_t nanoseconds) {
    const auto value = static_cast<std::uint64_t>(nanoseconds);
    if (value < 8) return value;
    const int shift =
        static_cast<int>(std::bit_width(value)) - 4;  // leaves four bits, of which the first is 1
    return static_cast<std::size_t>(shift) * 8 + (value >> shift);
  }
  // The biggest number of the bucket.
  static std::int64_t LastIn(std::size_t bucket) {
    if (bucket < 16) return static_cast<std::int64_t>(bucket);
    const auto shift = static_cast<int>(bucket / 8) - 1;
    return static_cast<std::int64_t>(((std::uint64_t{bucket % 8 + 9}) << shift) - 1);
  }

 private:
  std::array<StdPlatform::Atomic<std::int64_t>, kBuckets> counts_{};
  StdPlatform::Atomic<std::int64_t> max_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_WAIT_HISTOGRAM_H_
