// SPDX-License-Identifier: Apache-2.0
//
// Tells an observer what becomes of tasks.

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

// Thread safety: as TaskObserver::OnEvent.
class EventTeller {
 public:
  // Both outlive it. Begins, with so many slots. Throws std::bad_alloc.
  EventTeller(TaskObserver& observer, const Clock& clock, int slots);
  EventTeller(const EventTeller&) = delete;
  EventTeller& operator=(const EventTeller&) = delete;

  // Completes `event` by the time.
  void Tell(TaskEvent event) noexcept;
  // How many calls of the observer have thrown.
  std::int64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  struct alignas(64) Slot {
    std::int64_t told_ns = 0;  // the last time; of who holds the slot
  };

  std::int64_t Now() const;

  TaskObserver& observer_;
  const Clock& clock_;
  const absl::Duration begin_;
  const std::optional<TickClock> ticks_;  // instead of the machine's own clock
  std::vector<Slot> slots_;
  StdPlatform::Atomic<std::int64_t> failed_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_EVENT_TELLER_H_
