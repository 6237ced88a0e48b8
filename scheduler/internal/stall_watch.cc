// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/stall_watch.h"

#include <cstddef>
#include <exception>
#include <utility>

namespace weft::internal {

StallWatch::StallWatch(const Clock& clock, int slots, absl::Duration after,
                       std::function<void(absl::Duration quiet_for)> stalled)
    : clock_(clock),
      after_(after),
      stalled_(std::move(stalled)),
      slots_(static_cast<std::size_t>(slots) + 1),
      timers_(clock, nullptr) {
  timer_.watch = this;
  timer_.fire = [](Timer& timer) noexcept { static_cast<LookTimer&>(timer).watch->Look(); };
}

void StallWatch::Stop() {
  stopped_.store(true);
  timers_.Disarm(timer_);
  timers_.Stop();
}

void StallWatch::Note(TaskEventKind kind, int slot) noexcept {
  if (kind != TaskEventKind::kSubmitted && kind != TaskEventKind::kEnded) return;
  Slot& here = slot < 0 ? slots_.back() : slots_[static_cast<std::size_t>(slot)];
  (kind == TaskEventKind::kSubmitted ? here.submitted : here.ended).fetch_add(1);
  if (!armed_.load()) [[unlikely]]
    ArmIfNot();
}

// The ends first: then nothing seems to have ended that had not come.
StallWatch::Counts StallWatch::Sum() const {
  Counts sum;
  for (const Slot& slot : slots_) sum.ended += slot.ended.load();
  for (const Slot& slot : slots_) sum.submitted += slot.submitted.load();
  return sum;
}

void StallWatch::ArmIfNot() noexcept {
  if (stopped_.load() || armed_.exchange(true)) return;
  before_ = Sum();
  quiet_ = clock_.Now();
  ArmNow();
}

void StallWatch::ArmNow() noexcept { timers_.Arm(timer_, clock_.Now() + after_); }

void StallWatch::Look() noexcept {
  if (stopped_.load()) return;
  const absl::Duration now = clock_.Now();
  const Counts counts = Sum();
  const bool quiet = counts.ended == before_.ended;
  const bool stalled = quiet && before_.unfinished();
  if (!quiet) quiet_ = now;
  before_ = counts;
  if (stalled && told_ != counts.ended) {
    told_ = counts.ended;
    Tell(now - quiet_);
  }
  if (counts.unfinished() && !stalled) return ArmNow();
  armed_.store(false);
  if (Sum() != counts) ArmIfNot();
}

void StallWatch::Tell(absl::Duration quiet_for) noexcept {
  try {
    stalled_(quiet_for);
  } catch (...) {  // of the user's: counted, as those of observers are
    failed_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace weft::internal
