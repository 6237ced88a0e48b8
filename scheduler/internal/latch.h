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

 private:
  struct Waiter {
    typename P::Parker parker;
    Waiter* after = nullptr;
  };

  typename P::template Atomic<bool> set_{false};
  typename P::Lock lock_;
  Waiter* waiters_ = nullptr;  // guarded by lock_
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_LATCH_H_
