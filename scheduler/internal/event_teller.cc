// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/event_teller.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <optional>

#include "absl/time/time.h"

#include "weft/scheduler/internal/stall_watch.h"

namespace weft::internal {

EventTeller::EventTeller(TaskObserver* observer, const Clock& clock, int slots)
    : observer_(observer),
      clock_(clock),
      begin_(clock.Now()),
      ticks_(&clock == &SteadyClock() ? std::optional<TickClock>(std::in_place) : std::nullopt),
      slots_(static_cast<std::size_t>(slots)) {
  if (observer_ == nullptr) return;
  try {
    observer_->OnStart(slots);
  } catch (...) {  // of the user's: counted, as those of events are
    failed_.fetch_add(1, std::memory_order_relaxed);
  }
}

std::int64_t EventTeller::Now() const {
  return ticks_ ? ticks_->Nanoseconds() : absl::ToInt64Nanoseconds(clock_.Now() - begin_);
}

std::int64_t EventTeller::Tell(TaskEvent event) noexcept {
  event.time_ns = Now();
  if (event.slot >= 0) {
    // Ticks of two processors may differ, and a slot goes from one to the other.
    std::int64_t& told = slots_[static_cast<std::size_t>(event.slot)].told_ns;
    event.time_ns = told = std::max(told, event.time_ns);
  }
  if (watch_ != nullptr) watch_->Note(event.kind, event.slot);
  if (observer_ == nullptr) return event.time_ns;
  try {
    observer_->OnEvent(event);
  } catch (...) {  // as above
    failed_.fetch_add(1, std::memory_order_relaxed);
  }
  return event.time_ns;
}

}  // namespace weft::internal
