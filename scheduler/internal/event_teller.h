// SPDX-License-Identifier: Apache-2.0
//
// Tells an observer what becomes of tasks, and who else wants to know when.

#ifndef WEFT_SCHEDULER_INTERNAL_EVENT_TELLER_H_
#define WEFT_SCHEDULER_INTERNAL_EVENT_TELLER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/core/internal/platform.h"
#include "weft/core/internal/tick_clock.h"
#include "weft/scheduler/task_observer.h"

namespace weft::internal {

class StallWatch;

// Thread safety: as TaskObserver::OnEvent.
class EventTeller {
 public:
  // Both outlive it. Begins, with so many slots. Null: there is none. Throws std::bad_alloc.
  EventTeller(TaskObserver* observer, const Clock& clock, int slots);
  EventTeller(const EventTeller&) = delete;
  EventTeller& operator=(const EventTeller&) = delete;

  // Before the first event; it outlives this. Told of submissions and ends.
  void SetWatch(StallWatch& watch) { watch_ = &watch; }

  // Completes `event` by the time, and returns that.
  std::int64_t Tell(TaskEvent event) noexcept;
  // A time of events: that of now, and one of the clock.
  std::int64_t Now() const;
  std::int64_t At(absl::Duration clock_time) const {
    return absl::ToInt64Nanoseconds(clock_time - begin_);
  }
  // How many calls of the observer have thrown.
  std::int64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  struct alignas(64) Slot {
    std::int64_t told_ns = 0;  // the last time; of who holds the slot
  };

  TaskObserver* const observer_;
  StallWatch* watch_ = nullptr;
  const Clock& clock_;
  const absl::Duration begin_;
  const std::optional<TickClock> ticks_;  // instead of the machine's own clock
  std::vector<Slot> slots_;
  StdPlatform::Atomic<std::int64_t> failed_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_EVENT_TELLER_H_
