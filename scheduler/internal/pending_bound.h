// SPDX-License-Identifier: Apache-2.0
//
// How many tasks of a group may be submitted and not have ended.

#ifndef WEFT_SCHEDULER_INTERNAL_PENDING_BOUND_H_
#define WEFT_SCHEDULER_INTERNAL_PENDING_BOUND_H_

#include <atomic>
#include <cstdint>

namespace weft::internal {

// Who finds no room says so (Await), looks again, and then sleeps; who leaves does so, and then
// looks whether somebody said so: whichever comes second sees the other.
//
// Thread safety: every method from any thread.
template <class P>
class PendingBound {
 public:
  static constexpr std::int64_t kNone = INT64_MAX;

  explicit PendingBound(std::int64_t limit) : limit_(limit) {}

  bool bounded() const { return limit_ != kNone; }
  std::int64_t limit() const { return limit_; }
  std::int64_t count() const { return pending_.load(std::memory_order_seq_cst); }
  // seq_cst: as above.
  bool HasRoom(std::int64_t tasks = 1) const {
    return pending_.load(std::memory_order_seq_cst) <= limit_ - tasks;
  }

  // False: there is no room for all of them.
  bool TryEnter(std::int64_t tasks) {
    std::int64_t seen = pending_.load(std::memory_order_seq_cst);
    do {
      if (seen > limit_ - tasks) return false;
      // relaxed: a count; who is woken by its end looks under locks of its own.
    } while (!pending_.compare_exchange_weak(seen, seen + tasks, std::memory_order_relaxed,
                                             std::memory_order_relaxed));
    return true;
  }
  // Whether there is room or not.
  void Enter(std::int64_t tasks) { pending_.fetch_add(tasks, std::memory_order_relaxed); }
  // True: somebody waits for room, and is to be woken.
  bool Leave(std::int64_t tasks) {
    pending_.fetch_sub(tasks, std::memory_order_seq_cst);
    return awaited_.load(std::memory_order_seq_cst);
  }

  void Await() { awaited_.store(true, std::memory_order_seq_cst); }
  void StopAwaiting() { awaited_.store(false, std::memory_order_relaxed); }

 private:
  const std::int64_t limit_;
  typename P::template Atomic<std::int64_t> pending_{0};
  typename P::template Atomic<bool> awaited_{false};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_PENDING_BOUND_H_
