// SPDX-License-Identifier: Apache-2.0
//
// How many workers look for tasks, and which slots they hold.
//
// The handshake that loses no wake-up: who adds a task announces it (a sequentially
// consistent store) and then reads `active`; who goes to sleep leaves the ledger (a
// sequentially consistent change of `active`) and then looks at every queue again.
// Whichever of the two comes second sees the other.

#ifndef WEFT_SCHEDULER_INTERNAL_PUMP_LEDGER_H_
#define WEFT_SCHEDULER_INTERNAL_PUMP_LEDGER_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace weft::internal {

// A pump is a thread that holds a slot. It is active but for while its body blocks;
// then another may come in its place, with a slot from beyond the width.
//
// Thread safety: every method from any thread.
// Cost: HasRoom and Surplus are one load; the others take a lock, once per pump.
template <class P>
class PumpLedger {
 public:
  static constexpr int kNoSlot = -1;

  // At most `width` pumps are active, apart from those that have just been unblocked.
  PumpLedger(int width, int slots) : width_(width) {
    free_slots_.reserve(static_cast<std::size_t>(slots));
    for (int slot = 0; slot < slots; ++slot) free_slots_.push_back(slot);
  }

  // May be stale. seq_cst: after an announcement, the adder's half of the handshake.
  bool HasRoom() const { return active_.load(std::memory_order_seq_cst) < width_; }
  // relaxed, both: hints.
  bool NobodyElse() const { return active_.load(std::memory_order_relaxed) <= 1; }
  bool Surplus() const { return active_.load(std::memory_order_relaxed) > width_; }

  struct Entry {
    int slot = kNoSlot;
    bool alone = false;  // there is no other pump, and none can come unless this one blocks
  };
  // A slot, the lowest, for one more pump, which is bound to look at every queue; kNoSlot
  // when there are enough.
  Entry TryEnter() {
    std::lock_guard lock(lock_);
    if (!HasRoom() || free_slots_.empty()) return {};
    std::pop_heap(free_slots_.begin(), free_slots_.end(), std::greater<>());
    const int slot = free_slots_.back();
    free_slots_.pop_back();
    active_.fetch_add(1, std::memory_order_seq_cst);
    return {slot, ++pumps_ == 1 && width_ == 1};
  }
  // The pump must look at every queue once more after this, and come back if one is
  // not empty: an adder may have counted on it.
  void Leave(int slot) {
    std::lock_guard lock(lock_);
    GiveBack(slot);
  }
  // Leaves when there are more active pumps than the width: the others go on.
  bool Retire(int slot) {
    std::lock_guard lock(lock_);
    if (!Surplus()) return false;
    GiveBack(slot);
    return true;
  }

  // The calling pump's body is about to block. Look at every queue after this: nobody
  // may be active any more.
  void Block() {
    std::lock_guard lock(lock_);
    ++blocked_;
    active_.fetch_sub(1, std::memory_order_seq_cst);
  }
  void Unblock() {
    std::lock_guard lock(lock_);
    --blocked_;
    active_.fetch_add(1, std::memory_order_seq_cst);
  }
  int blocked() const {
    std::lock_guard lock(lock_);
    return blocked_;
  }
  bool Empty() const {
    std::lock_guard lock(lock_);
    return pumps_ == 0;
  }

 private:
  void GiveBack(int slot) {  // requires lock_
    free_slots_.push_back(slot);
    std::push_heap(free_slots_.begin(), free_slots_.end(), std::greater<>());
    --pumps_;
    active_.fetch_sub(1, std::memory_order_seq_cst);
  }

  const int width_;
  typename P::template Atomic<int> active_{0};  // written under lock_
  mutable typename P::Lock lock_;
  int pumps_ = 0;  // guarded by lock_, as are the others
  int blocked_ = 0;
  std::vector<int> free_slots_;  // a heap; never grows beyond its reserve
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_PUMP_LEDGER_H_
