// SPDX-License-Identifier: Apache-2.0
//
// Set once per run; any number of threads wait for it.

#ifndef WEFT_SCHEDULER_INTERNAL_LATCH_H_
#define WEFT_SCHEDULER_INTERNAL_LATCH_H_

#include <atomic>
#include <mutex>

namespace weft::internal {

// The thread that sets it touches it no more once a waiter may get away: so whoever
// has waited may destroy it.
//
// Thread safety: every method from any thread; Reset when nobody waits.
template <class P>
class Latch {
 public:
  // acquire: what was done before Set is visible. Not enough to destroy the latch:
  // that takes a Wait.
  bool IsSet() const { return set_.load(std::memory_order_acquire); }

  void Reset() { set_.store(false, std::memory_order_relaxed); }

  void Set() {
    Waiter* waiters = nullptr;
    {
      std::lock_guard lock(lock_);
      set_.store(true, std::memory_order_release);
      waiters = waiters_;
      waiters_ = nullptr;
      for (Guest* guest = guests_; guest != nullptr; guest = guest->after) guest->parker.Unpark();
      guests_ = nullptr;
    }
    while (waiters != nullptr) {
      Waiter* const waiter = waiters;
      waiters = waiter->after;  // before its thread can leave
      waiter->parker.Unpark();
    }
  }

  void Wait() {
    Waiter self;
    {
      // Also when it is set: the setter may still hold the lock.
      std::lock_guard lock(lock_);
      if (set_.load(std::memory_order_relaxed)) return;
      self.after = waiters_;
      waiters_ = &self;
    }
    self.parker.Park();
  }

  // The same on the caller's parker, which others unpark, too. False: they did, or had, and
  // it may not be set.
  bool WaitOr(typename P::Parker& parker) {
    Guest self{parker, nullptr};
    {
      std::lock_guard lock(lock_);
      if (set_.load(std::memory_order_relaxed)) return true;
      self.after = guests_;
      guests_ = &self;
    }
    parker.Park();
    // Under the lock, also when it is set: the setter unparks guests before it opens it.
    std::lock_guard lock(lock_);
    if (set_.load(std::memory_order_relaxed)) return true;
    Guest** at = &guests_;
    while (*at != &self) at = &(*at)->after;
    *at = self.after;
    return false;
  }

 private:
  struct Waiter {
    typename P::Parker parker;
    Waiter* after = nullptr;
  };
  struct Guest {
    typename P::Parker& parker;
    Guest* after;
  };

  typename P::template Atomic<bool> set_{false};
  typename P::Lock lock_;
  Waiter* waiters_ = nullptr;  // guarded by lock_, as is guests_
  Guest* guests_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_LATCH_H_
