// SPDX-License-Identifier: Apache-2.0
//
// Fires the timers of a scheduler: on a thread that the first of them brings, or, where
// there are no threads, when whoever drains looks.

#ifndef WEFT_SCHEDULER_INTERNAL_TIMERS_H_
#define WEFT_SCHEDULER_INTERNAL_TIMERS_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/timer_queue.h"

namespace weft::internal {

// Who drains, and sleeps until a timer is due.
class TimersHost {
 public:
  // It is to look again.
  virtual void OnTimersChanged() noexcept = 0;

 protected:
  ~TimersHost() = default;
};

// Thread safety: every method from any thread; FireDue by one at a time; Stop by the owner, when
// nothing is armed any more that would be missed.
// Cost: nothing until the first Prepare. The thread sleeps while no timer is due.
class Timers final : private Clock::Watcher {
 public:
  // Null `host`: a thread of ours fires.
  Timers(const Clock& clock, TimersHost* host) : clock_(clock), host_(host) {}
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers() { Stop(); }

  // Before the first Arm: that cannot fail then. ResourceExhausted: no thread, or no memory.
  absl::Status Prepare() ABSL_LOCKS_EXCLUDED(mu_);
  // `at`: a time of the clock.
  void Arm(Timer& timer, absl::Duration at) noexcept;
  // As TimerQueue::Disarm.
  bool Disarm(Timer& timer) noexcept { return queue_.Disarm(timer); }

  // For who drains: fires those that are due. Whether there were any.
  bool FireDue() noexcept;
  // When the first is due; InfiniteDuration: there is none.
  absl::Duration first_at() const;
  // The same; then the host hears of an earlier one.
  absl::Duration SleepsUntil() { return ToDuration(queue_.Sleep()); }
  // Whether the clock moves only when it is told to. Then the host hears of it.
  bool told() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return told_;
  }

  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  // Whether this thread fires the timers of some scheduler, and nothing else: it must not wait for
  // what they bring.
  static bool OnThread() { return on_thread_; }

 private:
  static constinit thread_local bool on_thread_;

  void OnClockMoved() override { Wake(); }
  void Wake();
  static absl::Duration ToDuration(std::int64_t at);
  void Look() noexcept;
  void SleepUntil(std::int64_t at);

  const Clock& clock_;
  TimersHost* const host_;
  TimerQueue<StdPlatform> queue_;
  StdPlatform::Parker parker_;
  StdPlatform::Atomic<bool> prepared_{false};
  StdPlatform::Atomic<bool> ending_{false};
  mutable absl::Mutex mu_;
  bool told_ ABSL_GUARDED_BY(mu_) = false;  // the clock tells us when it moves
  std::thread thread_ ABSL_GUARDED_BY(mu_);
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TIMERS_H_
