// SPDX-License-Identifier: Apache-2.0
//
// The algorithm of internal::StdPlatform::Lock, which itself is bound to the machine.

#include <atomic>
#include <cstdint>
#include <mutex>

#include "gtest/gtest.h"

#include "models/model_check.h"

namespace weft::models {
namespace {

// The second look that every sleeper needs is in wait, and in the exchange before it.
class SleepingLock {
 public:
  void lock() {
    std::uint32_t seen = kOpen;
    if (state_.compare_exchange_strong(seen, kTaken, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
      return;
    }
    while (state_.exchange(kAwaited, std::memory_order_acquire) != kOpen) {
      state_.wait(kAwaited, std::memory_order_relaxed);
    }
  }
  void unlock() {
    if (state_.exchange(kOpen, std::memory_order_release) == kAwaited) state_.notify_one();
  }

 private:
  static constexpr std::uint32_t kOpen = 0;
  static constexpr std::uint32_t kTaken = 1;
  static constexpr std::uint32_t kAwaited = 2;
  ModelPlatform::Atomic<std::uint32_t> state_{kOpen};
};

void CountUnderLock(Model& m, int threads, int rounds) {
  SleepingLock lock;
  ModelPlatform::Plain<int> count{0};
  for (int thread = 0; thread < threads; ++thread) {
    m.Thread([&] {
      for (int round = 0; round < rounds; ++round) {
        std::lock_guard hold(lock);
        count.Change() += 1;
      }
    });
  }
  m.Finally([&] { Check(count.Read() == threads * rounds, "each was counted"); });
}

TEST(LockModel, ExcludesAndWakes) {
  CheckModel({.name = "lock_three", .preemptions = 3}, [](Model& m) { CountUnderLock(m, 3, 1); });
}

TEST(LockModel, TakenAgainAndAgain) {
  CheckModel({.name = "lock_again", .preemptions = 4}, [](Model& m) { CountUnderLock(m, 2, 3); });
}

}  // namespace
}  // namespace weft::models
