// SPDX-License-Identifier: Apache-2.0
//
// What is to happen at a time of a clock, earliest first.

#ifndef WEFT_SCHEDULER_INTERNAL_TIMER_QUEUE_H_
#define WEFT_SCHEDULER_INTERNAL_TIMER_QUEUE_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace weft::internal {

// Something that waits for its time. Its owner keeps it while it is armed, and until the
// call of `fire` has begun.
//
// Thread safety: all but `fire` belongs to the queue.
struct Timer {
  // Called once for each time that it was armed and not disarmed; may arm it again.
  void (*fire)(Timer& timer) noexcept = nullptr;
  std::int64_t at = 0;
  std::uint64_t turn = 0;  // of those at one time, the first armed comes first
  bool armed = false;
  // A pairing heap: the first child; the sibling after; the sibling before, or the parent.
  Timer* child = nullptr;
  Timer* next = nullptr;
  Timer* previous = nullptr;
};

// Times are nanoseconds of one clock. Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap",
// Algorithmica 1 (1986): linked through the timers, so that arming allocates nothing.
//
// One thread fires timers and sleeps between them: it calls TakeDue until there is none, then
// Sleep, and sleeps until the time that this returned, or until Arm told somebody to wake it.
//
// Thread safety: every method from any thread.
// Cost: a lock; arming is O(1), the others O(log n) on average. No recursion.
template <class P>
class TimerQueue {
 public:
  static constexpr std::int64_t kNever = INT64_MAX;

  // Changes the time where it is armed. True: the thread that sleeps must be woken.
  bool Arm(Timer& timer, std::int64_t at) {
    std::lock_guard lock(lock_);
    if (timer.armed) Remove(timer);
    timer.at = at;
    timer.turn = turns_++;
    timer.armed = true;
    first_ = Meld(first_, &timer);
    Publish();
    return at < sleeps_until_;
  }

  // True: it was armed, and `fire` is not called any more. False: it was not, or `fire` has been,
  // or is about to be, called.
  bool Disarm(Timer& timer) {
    std::lock_guard lock(lock_);
    if (!timer.armed) return false;
    Remove(timer);
    timer.armed = false;
    Publish();
    return true;
  }

  // The first one that is due at `now`, which is not armed any more: the caller fires it.
  // Null: none is.
  Timer* TakeDue(std::int64_t now) {
    std::lock_guard lock(lock_);
    sleeps_until_ = kAwake;
    Timer* const timer = first_;
    if (timer == nullptr || timer->at > now) return nullptr;
    Remove(*timer);
    timer->armed = false;
    Publish();
    return timer;
  }

  // When the caller is to look again; kNever: when it is woken.
  std::int64_t Sleep() {
    std::lock_guard lock(lock_);
    sleeps_until_ = first_ == nullptr ? kNever : first_->at;
    return sleeps_until_;
  }

  // The time of the first one; kNever: there is none. relaxed: may be stale.
  std::int64_t first_at() const { return first_at_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::int64_t kAwake = INT64_MIN;  // whoever is awake looks by itself

  static bool Before(const Timer& a, const Timer& b) {
    return a.at != b.at ? a.at < b.at : a.turn < b.turn;
  }

  // One heap of two, either of which may be empty; their roots have no siblings.
  static Timer* Meld(Timer* a, Timer* b) {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    if (Before(*b, *a)) std::swap(a, b);
    b->previous = a;
    b->next = a->child;
    if (a->child != nullptr) a->child->previous = b;
    a->child = b;
    return a;
  }

  // One heap of siblings: in pairs from the left, then all pairs from the right.
  static Timer* MeldAll(Timer* sibling) {
    Timer* pairs = nullptr;  // the last pair first
    while (sibling != nullptr) {
      Timer* const a = Detached(sibling);
      Timer* const b = sibling == nullptr ? nullptr : Detached(sibling);
      Timer* const pair = Meld(a, b);
      pair->next = pairs;
      pairs = pair;
    }
    Timer* all = nullptr;
    while (pairs != nullptr) all = Meld(all, Detached(pairs));
    return all;
  }
  static Timer* Detached(Timer*& list) {
    Timer* const timer = std::exchange(list, list->next);
    timer->next = nullptr;
    timer->previous = nullptr;
    return timer;
  }

  void Remove(Timer& timer) {
    if (&timer == first_) {
      first_ = nullptr;
    } else {
      (timer.previous->child == &timer ? timer.previous->child : timer.previous->next) = timer.next;
      if (timer.next != nullptr) timer.next->previous = timer.previous;
      timer.next = nullptr;
      timer.previous = nullptr;
    }
    first_ = Meld(first_, MeldAll(std::exchange(timer.child, nullptr)));
  }

  void Publish() {
    // relaxed: a hint where it is read.
    first_at_.store(first_ == nullptr ? kNever : first_->at, std::memory_order_relaxed);
  }

  typename P::Lock lock_;
  Timer* first_ = nullptr;  // guarded by lock_, as are the others
  std::uint64_t turns_ = 0;
  std::int64_t sleeps_until_ = kAwake;
  typename P::template Atomic<std::int64_t> first_at_{kNever};  // written under lock_
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TIMER_QUEUE_H_
