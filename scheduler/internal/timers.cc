// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/timers.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <pthread.h>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace weft::internal {

constinit thread_local bool Timers::on_thread_ = false;

absl::Status Timers::Prepare() {
  // acquire: what made it ready is visible.
  if (prepared_.load(std::memory_order_acquire)) return absl::OkStatus();
  absl::MutexLock lock(&mu_);
  if (prepared_.load(std::memory_order_relaxed)) return absl::OkStatus();
  try {
    const bool told = told_ = clock_.Watch(*this);
    if (host_ == nullptr)
      thread_ = std::thread([this, told] {
        pthread_setname_np(pthread_self(), "weft-timers");
        // The kernel may be up to 50 us late otherwise, to save wake-ups; these are few.
        if (!told) prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        on_thread_ = true;
        Look();
      });
  } catch (const std::exception& error) {
    if (std::exchange(told_, false)) clock_.Unwatch(*this);
    return absl::ResourceExhaustedError("no thread for timers could be had: " +
                                        std::string(error.what()));
  }
  prepared_.store(true, std::memory_order_release);
  return absl::OkStatus();
}

void Timers::Arm(Timer& timer, absl::Duration at) noexcept {
  // Never before its time: who finds that it is not yet due would arm it again, at once.
  if (queue_.Arm(timer, absl::ToInt64Nanoseconds(absl::Ceil(at, absl::Nanoseconds(1))))) Wake();
}

void Timers::Wake() { host_ != nullptr ? host_->OnTimersChanged() : parker_.Unpark(); }

bool Timers::FireDue() noexcept {
  if (queue_.first_at() == TimerQueue<StdPlatform>::kNever) return false;
  const std::int64_t now = absl::ToInt64Nanoseconds(clock_.Now());
  bool fired = false;
  while (Timer* const timer = queue_.TakeDue(now)) {
    timer->fire(*timer);
    fired = true;
  }
  return fired;
}

absl::Duration Timers::first_at() const { return ToDuration(queue_.first_at()); }

absl::Duration Timers::ToDuration(std::int64_t at) {
  return at == TimerQueue<StdPlatform>::kNever ? absl::InfiniteDuration() : absl::Nanoseconds(at);
}

void Timers::Look() noexcept {
  while (!ending_.load(std::memory_order_acquire)) {
    FireDue();
    SleepUntil(queue_.Sleep());
  }
}

void Timers::SleepUntil(std::int64_t at) {
  if (told() || at == TimerQueue<StdPlatform>::kNever) return parker_.Park();
  constexpr std::int64_t kLongest = std::int64_t{3600} * 1'000'000'000;
  const std::int64_t left = at - absl::ToInt64Nanoseconds(clock_.Now());
  parker_.ParkUntil(StdPlatform::Now() + std::chrono::nanoseconds(std::min(left, kLongest)));
}

void Timers::Stop() {
  std::thread thread;
  bool told = false;
  {
    absl::MutexLock lock(&mu_);
    std::swap(thread, thread_);
    told = std::exchange(told_, false);
  }
  // release: pairs with Look.
  ending_.store(true, std::memory_order_release);
  if (told) clock_.Unwatch(*this);
  parker_.Unpark();
  if (thread.joinable()) thread.join();
}

}  // namespace weft::internal
