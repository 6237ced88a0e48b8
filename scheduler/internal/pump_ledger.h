// SPDX-License-Identifier: Apache-2.0
//
// How many workers look for tasks, and which slots they hold.
//
// The handshake that loses no wake-up: who adds a task announces it (a sequentially
// consistent store) and then reads `active`; who goes to sleep leaves the ledger (a
// sequentially consistent change of `active`) and then looks at every queue again.
// Whichever of the two comes second sees the other. The same between who adds and who raises
// the width, and then looks at every queue.
//
// While the ledger is calm, adders have a LightFence instead of that store. Who leaves then ends
// the calm, and has a HeavyFence before the look at every queue: of an adder that still found it
// calm, and full, that look sees what it has added. Others who leave meanwhile need none.

#ifndef WEFT_SCHEDULER_INTERNAL_PUMP_LEDGER_H_
#define WEFT_SCHEDULER_INTERNAL_PUMP_LEDGER_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "weft/scheduler/internal/attention.h"

namespace weft::internal {

// A pump is a thread that holds a slot. It is active but for while its body blocks;
// then another may come in its place, with a slot from beyond the width.
//
// A pump that was told that it is alone relies on it in every step: so it must give that up
// itself before a second can come. The width that was asked for takes hold then; until then
// the pump counts as one too many, so that it comes to hear of it.
//
// Thread safety: every method from any thread.
// Cost: HasRoom is two loads of one cache line, Surplus one; the others take a lock, once per
// pump.
template <class P>
class PumpLedger {
 public:
  static constexpr int kNoSlot = -1;

  // At most `width` pumps are active, apart from those that have just been unblocked.
  // Slots are numbered from 0 to `slots`. There is never room where no pump `can_come`.
  // `attention` is told when more are active than may be.
  PumpLedger(int width, int slots, Attention<P>& attention, bool can_come = true)
      : attention_(attention),
        limit_(can_come ? width : 0),
        width_(width),
        slots_(slots),
        can_come_(can_come) {
    free_slots_.reserve(static_cast<std::size_t>(slots));
  }

  // relaxed: whoever needs more than a hint holds the lock.
  int width() const { return width_.load(std::memory_order_relaxed); }
  // May be stale. seq_cst: after an announcement, the adder's half of the handshake.
  bool HasRoom() const { return HasRoomIn(state_.load(std::memory_order_seq_cst)); }
  // Behind a LightFence after an addition that has had no other. kAsk: HasRoom does, behind a
  // sequentially consistent store.
  enum class Room { kNone, kSome, kAsk };
  Room RoomIfCalm() const {
    const std::uint32_t state = state_.load(std::memory_order_seq_cst);
    if ((state & kCalm) == 0) return Room::kAsk;
    return HasRoomIn(state) ? Room::kSome : Room::kNone;
  }
  // For an adder that has had to ask often.
  void Calm() {
    if (!P::FencesAreAsymmetric()) return;
    std::lock_guard lock(lock_);
    // relaxed, as no others write: who ends the calm does so under the lock.
    state_.store(state_.load(std::memory_order_relaxed) | kCalm, std::memory_order_relaxed);
  }
  // relaxed, both: hints.
  bool NobodyElse() const { return ActiveIn(state_.load(std::memory_order_relaxed)) <= 1; }
  // Some pump is to Retire, or the only one to ShareAlone.
  bool Surplus() const { return attention_.surplus(); }
  // All pumps block, or there is none. seq_cst: after one's own Block.
  bool NobodyActive() const { return ActiveIn(state_.load(std::memory_order_seq_cst)) == 0; }

  struct Entry {
    int slot = kNoSlot;
    // There is no other pump, and none can come before this one blocks, leaves, or says
    // ShareAlone. Only where the width has always been 1.
    bool alone = false;
  };
  // A slot, the lowest, for one more pump, which is bound to look at every queue; kNoSlot
  // when there are enough.
  Entry TryEnter() {
    std::lock_guard lock(lock_);
    if (!HasRoom()) return {};
    const int slot = TakeSlot();
    if (slot == kNoSlot) return {};
    Activate();
    alone_ = ++pumps_ == 1 && !changed_ && width() == 1;
    return {slot, alone_};
  }
  // A slot for a thread that is no pump, and is not counted; not one of the first, which pumps
  // have. kNoSlot: there is none.
  int Borrow() {
    std::lock_guard lock(lock_);
    while (unused_ < std::min(width(), slots_)) PushFree(unused_++);
    const auto fits = [this](int slot) { return slot >= width(); };
    const auto found = std::find_if(free_slots_.begin(), free_slots_.end(), fits);
    if (found == free_slots_.end()) return unused_ == slots_ ? kNoSlot : unused_++;
    const int slot = *found;
    *found = free_slots_.back();
    free_slots_.pop_back();
    std::make_heap(free_slots_.begin(), free_slots_.end(), std::greater<>());
    return slot;
  }
  void Return(int slot) {
    std::lock_guard lock(lock_);
    PushFree(slot);
  }
  // What comes before the look at every queue: nothing, or a HeavyFence, in any case.
  enum class Look { kAtOnce, kBehindFence };
  // The pump must look at every queue once more after this, and come back if one is
  // not empty: an adder may have counted on it.
  Look Leave(int slot) {
    std::lock_guard lock(lock_);
    GiveBack(slot);
    const Look look = EndCalm();
    Deactivate();
    return look;
  }
  // For one that has not come: nobody looks.
  void GiveUp(int slot) {
    std::lock_guard lock(lock_);
    GiveBack(slot);
    Deactivate();
  }
  // Leaves when there are more active pumps than the width: the others go on.
  bool Retire(int slot) {
    std::lock_guard lock(lock_);
    if (!Surplus()) return false;
    GiveBack(slot);
    Deactivate();
    return true;
  }

  // Pumps may come at once when it grows: look at every queue after this. When it shrinks,
  // those that are too many Retire.
  Look SetWidth(int width) {
    std::lock_guard lock(lock_);
    changed_ = true;
    width_.store(width, std::memory_order_relaxed);
    SetLimit(alone_ && width > 1 ? 0 : width);
    return EndCalm();
  }
  // A second bound on the number of active pumps, which may be 0. True: more may come, and the
  // caller looks at every queue behind `look`.
  bool SetMost(int most, Look& look) {
    std::lock_guard lock(lock_);
    // relaxed, both: no others write.
    const int before = limit_.load(std::memory_order_relaxed);
    most_ = most;
    SetLimit(alone_ && width() > 1 ? 0 : width());
    if (limit_.load(std::memory_order_relaxed) <= before) return false;
    look = EndCalm();
    return true;
  }
  // The pump that was alone relies on that no more. Look at every queue after this.
  Look ShareAlone() {
    std::lock_guard lock(lock_);
    EndAlone();
    return EndCalm();
  }
  // For who looks at every queue without any of these.
  Look Disturb() {
    std::lock_guard lock(lock_);
    return EndCalm();
  }

  // The calling pump's body is about to block. Look at every queue after this: nobody
  // may be active any more.
  Look Block() {
    std::lock_guard lock(lock_);
    ++blocked_;
    EndAlone();
    const Look look = EndCalm();
    Deactivate();
    return look;
  }
  void Unblock() {
    std::lock_guard lock(lock_);
    --blocked_;
    Activate();
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
  // These require lock_.
  int TakeSlot() {
    if (free_slots_.empty()) return unused_ == slots_ ? kNoSlot : unused_++;
    std::pop_heap(free_slots_.begin(), free_slots_.end(), std::greater<>());
    const int slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }
  void EndAlone() {
    if (!std::exchange(alone_, false)) return;
    SetLimit(width());
  }
  void Activate() {
    state_.fetch_add(1, std::memory_order_seq_cst);
    SetSurplus();
  }
  void Deactivate() {
    state_.fetch_sub(1, std::memory_order_seq_cst);
    SetSurplus();
  }
  Look EndCalm() {
    // relaxed, all: no others write, and a heavy fence follows.
    const std::uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & kCalm) == 0) return Look::kAtOnce;
    state_.store(state & ~kCalm, std::memory_order_relaxed);
    return Look::kBehindFence;
  }
  void SetLimit(int limit) {
    // seq_cst: the grower's half of the handshake.
    limit_.store(can_come_ ? std::min(limit, most_) : 0, std::memory_order_seq_cst);
    SetSurplus();
  }
  void SetSurplus() {
    // relaxed, all: no others write.
    attention_.SetSurplus(ActiveIn(state_.load(std::memory_order_relaxed)) >
                          limit_.load(std::memory_order_relaxed));
  }
  void PushFree(int slot) {
    free_slots_.push_back(slot);
    std::push_heap(free_slots_.begin(), free_slots_.end(), std::greater<>());
  }
  void GiveBack(int slot) {
    PushFree(slot);
    --pumps_;
    EndAlone();
  }

  static constexpr std::uint32_t kCalm = std::uint32_t{1} << 31;
  static int ActiveIn(std::uint32_t state) { return static_cast<int>(state & ~kCalm); }
  bool HasRoomIn(std::uint32_t state) const {
    return ActiveIn(state) < limit_.load(std::memory_order_seq_cst);
  }

  Attention<P>& attention_;
  // All written under lock_.
  typename P::template Atomic<std::uint32_t> state_{0};  // how many are active, and kCalm
  typename P::template Atomic<int> limit_;  // the width, or 0 while the one alone must hear of it
  typename P::template Atomic<int> width_;
  const int slots_;
  const bool can_come_;
  mutable typename P::Lock lock_;
  int pumps_ = 0;  // guarded by lock_, as are the others
  int blocked_ = 0;
  int most_ = std::numeric_limits<int>::max();
  bool alone_ = false;           // a pump was told so
  bool changed_ = false;         // the width was, at some time
  int unused_ = 0;               // slots from here on were never taken
  std::vector<int> free_slots_;  // of the others, a heap; never grows beyond its reserve
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_PUMP_LEDGER_H_
