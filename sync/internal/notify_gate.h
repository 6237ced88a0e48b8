// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SYNC_INTERNAL_NOTIFY_GATE_H_
#define WEFT_SYNC_INTERNAL_NOTIFY_GATE_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

namespace weft::internal {

// Who of many threads may notify, and when: one at a time, not before `interval` has passed
// since the last one left, and once more when all is over. Whoever may not goes on at once.
//
// States: open (nobody is in), in (somebody is), last (nobody enters any more). Who asks for
// the last turn makes it `last`; who was in then finds that out when it leaves, and takes the
// last turn itself. So there is one last turn, and it comes after all others.
//
// Thread safety: every method from any thread.
// Cost: an Enter that comes too early is a look at the clock and one load.
template <class P>
class NotifyGate {
 public:
  enum class Turn : std::uint8_t { kNone, kUpdate, kLast };

  // So long that adding it to a clock cannot overflow: a century and a half in nanoseconds.
  static constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max() / 2;

  // In the unit of the clock; below 0 counts as 0. kLongest and above: only the last turn.
  explicit NotifyGate(std::int64_t interval)
      : interval_(std::clamp<std::int64_t>(interval, 0, kLongest)),
        next_(interval_ == kLongest ? std::numeric_limits<std::int64_t>::max()
                                    : std::numeric_limits<std::int64_t>::min()) {}
  NotifyGate(const NotifyGate&) = delete;
  NotifyGate& operator=(const NotifyGate&) = delete;

  // kUpdate: notify, then Leave. kLast: notify for the last time, then Close.
  template <class Now>
  [[nodiscard]] Turn Enter(Now now) {
    // relaxed: a hint, looked at again below.
    if (now() < next_.load(std::memory_order_relaxed)) return Turn::kNone;
    State open = State::kOpen;
    // acquire: pairs with the release in Pass; who was in before is out, and so is what it did.
    if (!state_.compare_exchange_strong(open, State::kIn, std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
      return Turn::kNone;
    }
    // Somebody may have come and gone since the first look.
    if (now() < next_.load(std::memory_order_relaxed)) return Pass();
    return Turn::kUpdate;
  }

  // After an update. kLast: that was asked for meanwhile; as for Enter.
  template <class Now>
  [[nodiscard]] Turn Leave(Now now) {
    // relaxed: Pass publishes it to the next one that enters.
    next_.store(now() + interval_, std::memory_order_relaxed);
    return Pass();
  }

  // Asks for the last turn. kLast: take it, then Close. kNone: somebody else takes it, or has.
  [[nodiscard]] Turn Last() {
    // acq_rel: pairs with Pass, either way: who takes the last turn sees what was done before
    // this call, or what they did who were in before.
    const State before = state_.exchange(State::kLast, std::memory_order_acq_rel);
    return before == State::kOpen ? Turn::kLast : Turn::kNone;
  }

  // After the last turn. Touches the gate no more once a thread may come back from AwaitClosed.
  void Close() {
    // acq_rel: publishes the last turn to those who wait or come later, and shows who waits.
    Waiter* waiter = waiters_.exchange(Closed(), std::memory_order_acq_rel);
    while (waiter != nullptr) {
      Waiter* const next = waiter->next.Read();  // before its thread can leave
      waiter->parker.Unpark();
      waiter = next;
    }
  }

  // Blocks until the last turn is over; then the gate may be destroyed. Requires: Last was
  // called, and not by one who is in.
  void AwaitClosed() {
    Waiter self;
    // acquire, both: pairs with Close, for what was done in the last turn.
    Waiter* head = waiters_.load(std::memory_order_acquire);
    do {
      if (head == Closed()) return;
      self.next.Write(head);
      // release: publishes `self` to Close.
    } while (!waiters_.compare_exchange_weak(head, &self, std::memory_order_release,
                                             std::memory_order_acquire));
    self.parker.Park();
  }

 private:
  enum class State : std::uint8_t { kOpen, kIn, kLast };

  struct Waiter {
    typename P::Parker parker;
    typename P::template Plain<Waiter*> next;
  };

  // No waiter lies there: a mark that is only compared.
  Waiter* Closed() { return reinterpret_cast<Waiter*>(this); }

  Turn Pass() {
    State in = State::kIn;
    // release: what was done inside comes before the next turn. acquire: where the last turn
    // was asked for, it sees what was done before that.
    const bool out = state_.compare_exchange_strong(in, State::kOpen, std::memory_order_release,
                                                    std::memory_order_acquire);
    return out ? Turn::kNone : Turn::kLast;
  }

  const std::int64_t interval_;
  typename P::template Atomic<std::int64_t> next_;  // nobody enters before
  typename P::template Atomic<State> state_{State::kOpen};
  typename P::template Atomic<Waiter*> waiters_{nullptr};
};

}  // namespace weft::internal

#endif  // WEFT_SYNC_INTERNAL_NOTIFY_GATE_H_
