// SPDX-License-Identifier: Apache-2.0
//
// Notices that nothing has ended for a while, although something should.

#ifndef WEFT_SCHEDULER_INTERNAL_STALL_WATCH_H_
#define WEFT_SCHEDULER_INTERNAL_STALL_WATCH_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/timers.h"
#include "weft/scheduler/task_observer.h"

namespace weft::internal {

// Counts what comes and ends, and looks at the counts each `after` while something is there. It has
// timers of its own: those of a scheduler without threads fire only while somebody drains.
//
// Of a first event after a rest and the last look before it one sees the other: who comes counts
// and then looks whether the timer is armed; who finds nothing to wait for says that it is not
// armed and then looks at the counts again.
//
// Thread safety: Note from any thread; Start and Stop by the owner.
// Cost: an instruction that locks a cache line of the slot's own, and a load; while something is
// there, every `after` a look at all slots.
class StallWatch {
 public:
  // `stalled` is told for how long nothing has ended, at least, on a thread of ours. Throws
  // std::bad_alloc.
  StallWatch(const Clock& clock, int slots, absl::Duration after,
             std::function<void(absl::Duration quiet_for)> stalled);
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  absl::Status Start() { return timers_.Prepare(); }
  // When this returns `stalled` has, too, and is not called any more.
  void Stop();

  void Note(TaskEventKind kind, int slot) noexcept;
  // How many calls of `stalled` have thrown.
  std::int64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  struct alignas(64) Slot {
    StdPlatform::Atomic<std::int64_t> submitted{0};
    StdPlatform::Atomic<std::int64_t> ended{0};
  };
  struct Counts {
    std::int64_t submitted = 0;
    std::int64_t ended = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
    bool unfinished() const { return submitted > ended; }
  };
  struct LookTimer : Timer {
    StallWatch* watch = nullptr;
  };

  Counts Sum() const;
  void ArmIfNot() noexcept;
  void ArmNow() noexcept;
  void Look() noexcept;
  void Tell(absl::Duration quiet_for) noexcept;

  const Clock& clock_;
  const absl::Duration after_;
  const std::function<void(absl::Duration)> stalled_;
  std::vector<Slot> slots_;  // the last: of threads that are no workers
  StdPlatform::Atomic<bool> armed_{false};
  StdPlatform::Atomic<bool> stopped_{false};
  // Of who has armed the timer, then of who looks.
  Counts before_;           // when that was done
  absl::Duration quiet_;    // since then nothing has ended
  std::int64_t told_ = -1;  // when so many had ended
  StdPlatform::Atomic<std::int64_t> failed_{0};
  LookTimer timer_;
  Timers timers_;  // last: its thread uses the others
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_STALL_WATCH_H_
