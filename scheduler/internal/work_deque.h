// SPDX-License-Identifier: Apache-2.0
//
// The ready tasks of one worker: the owner works at one end, last in first out,
// and idle workers steal from the other, first in first out.
//
// Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005), with a fixed
// ring: what does not fit is the caller's to keep elsewhere. The orders follow Lê,
// Pop, Cohen and Zappa Nardelli (PPoPP 2013); their fences are sequentially
// consistent operations here, which ThreadSanitizer understands.

#ifndef WEFT_SCHEDULER_INTERNAL_WORK_DEQUE_H_
#define WEFT_SCHEDULER_INTERNAL_WORK_DEQUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weft::internal {

// Thread safety: Push, Pop and Announce by the owner; Steal and empty by any thread.
// What the owner wrote before a Push is visible to the thread that gets the item.
// Cost: Push is a few plain stores; Pop one locked instruction when not empty.
template <class P, class T, std::size_t kCapacity>
class WorkDeque {
  static_assert(std::is_trivially_copyable_v<T>);
  static_assert((kCapacity & (kCapacity - 1)) == 0, "the ring is indexed by a mask");

 public:
  WorkDeque() = default;
  WorkDeque(const WorkDeque&) = delete;
  WorkDeque& operator=(const WorkDeque&) = delete;

  // False: full.
  bool Push(T item) {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);  // only we write it
    // acquire: pairs with the Steal that emptied the cell which is written now.
    const std::int64_t top = top_.load(std::memory_order_acquire);
    if (bottom - top >= static_cast<std::int64_t>(kCapacity)) return false;
    CellAt(bottom).store(item, std::memory_order_relaxed);
    bottom_.store(bottom + 1, std::memory_order_release);  // publishes the item and its data
    return true;
  }

  // Puts the pushes so far before whatever the owner looks at next, as a sequentially
  // consistent store: half of the handshake with a worker that goes to sleep.
  void Announce() {
    bottom_.store(bottom_.load(std::memory_order_relaxed), std::memory_order_seq_cst);
  }

  // False: empty, or the last item was just stolen.
  bool Pop(T& item) {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;
    // relaxed: top only grows, so an old value cannot make a full deque look empty.
    if (bottom < top_.load(std::memory_order_relaxed)) return false;
    // seq_cst, all four of this and of Steal: a thief that has seen our later top must
    // see this bottom, or we its top; otherwise both could take the same item.
    bottom_.store(bottom, std::memory_order_seq_cst);
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    if (top > bottom) {
      bottom_.store(bottom + 1, std::memory_order_relaxed);
      return false;
    }
    item = CellAt(bottom).load(std::memory_order_relaxed);
    if (top < bottom) return true;
    const bool won = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                                  std::memory_order_relaxed);
    bottom_.store(bottom + 1, std::memory_order_relaxed);
    return won;
  }

  // Pop for an owner who knows that nobody steals.
  bool PopAlone(T& item) {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;
    if (bottom < top_.load(std::memory_order_relaxed)) return false;
    item = CellAt(bottom).load(std::memory_order_relaxed);
    bottom_.store(bottom, std::memory_order_relaxed);
    return true;
  }

  // False: empty, or another thread was faster; empty() tells which.
  bool Steal(T& item) {
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    if (top >= bottom_.load(std::memory_order_seq_cst)) return false;
    item = CellAt(top).load(std::memory_order_relaxed);
    return top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed);
  }

  // For while nobody else is here: calls visit(item) with each, oldest first.
  template <class F>
  void ForEach(F visit) {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    for (std::int64_t at = top_.load(std::memory_order_relaxed); at < bottom; ++at) {
      visit(CellAt(at).load(std::memory_order_relaxed));
    }
  }

  // seq_cst: the other half of the handshake with Announce.
  bool empty() const {
    const std::int64_t top = top_.load(std::memory_order_seq_cst);
    return top >= bottom_.load(std::memory_order_seq_cst);
  }
  // For the owner: items pushed after this, and not yet taken, are above it.
  std::int64_t Mark() const { return bottom_.load(std::memory_order_relaxed); }
  // For the owner, who alone adds: true is certain.
  bool EmptyForOwner() const {
    return bottom_.load(std::memory_order_relaxed) <= top_.load(std::memory_order_relaxed);
  }

 private:
  template <class U>
  using Atomic = typename P::template Atomic<U>;

  Atomic<T>& CellAt(std::int64_t index) {
    return cells_[static_cast<std::size_t>(index) & (kCapacity - 1)];
  }

  // Thieves write one line, the owner the other.
  alignas(64) Atomic<std::int64_t> top_{0};
  alignas(64) Atomic<std::int64_t> bottom_{0};
  alignas(64) Atomic<T> cells_[kCapacity] = {};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_WORK_DEQUE_H_
