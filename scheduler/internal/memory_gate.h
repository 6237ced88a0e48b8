// SPDX-License-Identifier: Apache-2.0
//
// Looks now and then at how much memory the process uses, and closes the ledger to new work while
// that is too much.

#ifndef WEFT_SCHEDULER_INTERNAL_MEMORY_GATE_H_
#define WEFT_SCHEDULER_INTERNAL_MEMORY_GATE_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "weft/distribution/memory_limit.h"
#include "weft/scheduler/internal/resource_claim.h"
#include "weft/scheduler/internal/resource_ledger.h"
#include "weft/scheduler/internal/resource_waiter.h"

namespace weft::internal {

// What a gate stands on. Called by one thread at a time, under no lock.
class MemoryHost {
 public:
  // Nothing: it cannot be told at the moment.
  virtual std::optional<MemoryReading> Read() noexcept = 0;
  // Gives memory that is free back to the system.
  virtual void Trim() noexcept = 0;

 protected:
  ~MemoryHost() = default;
};

// Thread safety: a plain value.
struct MemoryRules {
  static constexpr std::int64_t kDefaultInterval = 50'000'000;

  int max_percent = 75;                      // of the limit, 1 to 100
  std::int64_t interval = kDefaultInterval;  // between two looks, in nanoseconds

  // The gate opens again ten points below where it closes; no lower than half of that, which
  // nothing could reach.
  int open_percent() const { return std::max(max_percent - 10, max_percent / 2); }
};

// Thread safety: a plain value.
struct MemoryGateFigures {
  std::int64_t limit_bytes = 0;  // 0: not known yet
  std::int64_t used_bytes = 0;
  std::int64_t readings = 0;
  std::int64_t failed_readings = 0;
  std::int64_t closings = 0;
};

// Tells the ledger its budget, and when to close: above max_percent of the limit, until the use is
// at most open_percent. What cannot be read bounds nothing: the gate opens.
//
// Thread safety: every method from any thread.
// Cost: a load and a comparison, until it is time to look; then what the host takes.
template <class P>
class MemoryGate {
 public:
  using Ledger = ResourceLedger<P>;

  MemoryGate(const MemoryRules& rules, MemoryHost& host, Ledger& ledger)
      : rules_(rules), host_(host), ledger_(ledger) {}
  MemoryGate(const MemoryGate&) = delete;
  MemoryGate& operator=(const MemoryGate&) = delete;

  // Whether Tick would look. relaxed: who comes too late is told so there.
  bool Due(std::int64_t now) const { return now >= next_.load(std::memory_order_relaxed); }
  // When it is due.
  std::int64_t next() const { return next_.load(std::memory_order_relaxed); }

  struct [[nodiscard]] Ticked {
    // Somebody waits at the closed gate: the caller sees to it that Tick is called when it is due.
    bool look_again = false;
    GrantedWaiters granted;
  };
  // Looks, when it is due and nobody else does. `now` is in nanoseconds of one clock.
  Ticked Tick(std::int64_t now) {
    if (!Due(now)) return {};
    // acquire: pairs with the release below; what is behind it belongs to one at a time.
    if (looking_.exchange(true, std::memory_order_acquire)) return {};
    Ticked ticked = Due(now) ? Look(now) : Ticked();
    looking_.store(false, std::memory_order_release);
    return ticked;
  }

  // Of a time at which nobody looks they are exact.
  MemoryGateFigures figures() const {
    return {.limit_bytes = limit_.load(std::memory_order_relaxed),
            .used_bytes = used_.load(std::memory_order_relaxed),
            .readings = readings_.load(std::memory_order_relaxed),
            .failed_readings = failed_readings_.load(std::memory_order_relaxed),
            .closings = closings_.load(std::memory_order_relaxed)};
  }

 private:
  Ticked Look(std::int64_t now) {
    const std::optional<MemoryReading> reading = host_.Read();
    Count(reading.has_value() ? readings_ : failed_readings_);
    if (reading.has_value()) Note(*reading);
    const bool before = closed_.Read();
    const bool closed = reading.has_value() && IsClosed(*reading, before);
    closed_.Write(closed);
    // relaxed: who comes next takes its turn by `looking_`. Before anybody is granted something,
    // who may ask when the next look is due.
    next_.store(now + rules_.interval, std::memory_order_relaxed);
    const std::int64_t limit = limit_.load(std::memory_order_relaxed);
    auto set = ledger_.SetMemory(
        limit == 0 ? ResourceClaim::kMostBytes : Share(limit, rules_.max_percent), closed);
    if (closed && !before) {
      Count(closings_);
      host_.Trim();
    }
    return {.look_again = set.look_again, .granted = std::move(set.granted)};
  }
  bool IsClosed(const MemoryReading& reading, bool before) const {
    const int percent = before ? rules_.open_percent() : rules_.max_percent;
    return reading.used_bytes > Share(reading.limit_bytes, percent);
  }
  static std::int64_t Share(std::int64_t bytes, int percent) {
    return bytes / 100 * percent + bytes % 100 * percent / 100;
  }

  using Number = typename P::template Atomic<std::int64_t>;
  // relaxed: written by whoever has the turn alone; read for reports.
  static void Count(Number& number) {
    number.store(number.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void Note(const MemoryReading& reading) {
    limit_.store(reading.limit_bytes, std::memory_order_relaxed);
    used_.store(reading.used_bytes, std::memory_order_relaxed);
  }

  const MemoryRules rules_;
  MemoryHost& host_;
  Ledger& ledger_;
  Number next_{std::numeric_limits<std::int64_t>::min()};  // the first who asks looks
  typename P::template Atomic<bool> looking_{false};
  typename P::template Plain<bool> closed_{false};  // whose turn it is
  Number limit_{0};
  Number used_{0};
  Number readings_{0};
  Number failed_readings_{0};
  Number closings_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_MEMORY_GATE_H_
