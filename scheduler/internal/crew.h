// SPDX-License-Identifier: Apache-2.0
//
// Who works: the workers with their slots, and the pumps that come when there is something for
// them, block, go on, and leave when there is nothing.

#ifndef WEFT_SCHEDULER_INTERNAL_CREW_H_
#define WEFT_SCHEDULER_INTERNAL_CREW_H_

#include <atomic>
#include <cstddef>
#include <mutex>
#include <new>
#include <vector>

#include "weft/scheduler/internal/attention.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/pump_ledger.h"
#include "weft/scheduler/internal/ready_lanes.h"
#include "weft/scheduler/internal/root_queue.h"
#include "weft/scheduler/internal/run_loop_host.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::internal {

// The part of a RunLoop that says who works. It brings a worker only when something is ready
// somewhere: so the queues that all share lie here, too. What is taken from them is the Picker's.
//
// Thread safety: every method from any thread; what takes a worker or its slot, from its own pump.
template <class P>
class Crew {
 public:
  static constexpr int kNoSlot = PumpLedger<P>::kNoSlot;
  // So many bodies may wait for tasks at once and be replaced (MayBlock).
  static constexpr int kMaxReplacements = EngineShape<P>::kMaxReplacements;
  // Each active body may have passed that check at the same moment.
  static constexpr int SlotCount(int width) { return 2 * width + kMaxReplacements; }

  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  ReadyOrder order() const { return order_; }
  bool steals() const { return steals_; }
  bool HasRoom() const { return ledger_.HasRoom(); }
  auto RoomIfCalm() const { return ledger_.RoomIfCalm(); }
  void Calm() {
    host_.BeforeCalm();
    ledger_.Calm();
  }
  int width() const { return ledger_.width(); }
  // No pump runs or is on its way.
  bool Quiet() const { return ledger_.Empty(); }
  bool NobodyActive() const { return ledger_.NobodyActive(); }

  // One more pump, if there is room.
  [[gnu::noinline]] void WakeOne() {
    if (const int slot = TryEnter(); slot != kNoSlot) Start(slot);
  }
  void Wake() {
    if (HasRoom()) WakeOne();
  }
  // For who waits: an earlier wake-up may have found no thread.
  void WakeIfIdle() {
    if (Quiet() && WorkVisible()) WakeOne();
  }
  // For who waits: what was ready may have found no thread, while others block.
  void WakeIfNeeded() {
    FenceFor(ledger_.Disturb());
    if (HasRoom() && WorkVisible()) WakeOne();
  }
  // The sleeper's half of the handshake in pump_ledger.h.
  bool WorkVisible() const {
    if (!roots_.empty() || !lanes_.empty()) return true;
    if (!steals_) return false;
    const int used = used_.load(std::memory_order_seq_cst);
    for (int slot = 0; slot < used; ++slot) {
      if (WorkerAt(slot).HasWork()) return true;
    }
    return false;
  }

  // More workers come at once if there is something for them, surplus ones leave after the
  // task that each is at. One that has been alone so far shares with others after its task.
  void Resize(int width) { WakeAll(ledger_.SetWidth(width)); }

  // A second bound on how many work at once, which may be 0.
  void SetMost(int most) {
    Look look{};
    if (ledger_.SetMost(most, look)) WakeAll(look);
  }

  // The body that runs in `slot` is about to block, on this thread: another pump comes
  // in its place, now or when something becomes ready, while there are slots.
  void Block(int slot) {
    WorkerAt(slot).Share();
    if (!steals_) WorkerAt(slot).GiveAll();
    WakeAll(ledger_.Block());
  }
  // Whether a body that blocks after this is certain to be replaced.
  bool MayBlock() const { return ledger_.blocked() < kMaxReplacements; }
  // It goes on; a pump that is too many leaves when its task has ended.
  void Unblock() { ledger_.Unblock(); }

  // For a thread that is no pump, and runs one body. kNoSlot: there is none left, or no memory.
  int EnterApart() {
    const int slot = ledger_.Borrow();
    if (slot == kNoSlot) return kNoSlot;
    try {
      MakeWorkers(slot + 1);
    } catch (const std::bad_alloc&) {
      ledger_.Return(slot);
      return kNoSlot;
    }
    WorkerAt(slot).Enter(/*alone=*/false);
    WorkerAt(slot).SetGivesAll(!steals_);
    return slot;
  }
  // What that body has made ready is left to others.
  void LeaveApart(int slot) {
    WorkerAt(slot).GiveAll();
    WorkerAt(slot).HandInEnds();
    WorkerAt(slot).SetGivesAll(false);
    ledger_.Return(slot);
  }

  Worker<P>& WorkerAt(int slot) const {
    // acquire: pairs with MakeWorkers.
    return *workers_[static_cast<std::size_t>(slot)].load(std::memory_order_acquire);
  }
  int used_slots() const { return used_.load(std::memory_order_acquire); }
  // As a body inside others, which no worker's slot is free for: depth 0, 1, 2 and so on below
  // kMaxReplacements. Throws std::bad_alloc.
  Worker<P>& WorkerInside(int depth) {
    MakeWorkers(width() + depth + 1);
    return WorkerAt(width() + depth);
  }

 protected:
  // Without workers: those of the first `width` slots are made by the RunLoop, which each of them
  // refers to.
  Crew(int width, int max_width, ReadyOrder order, bool steals, const NodePool<P>& pool,
       RunLoopHost& host, bool has_threads, int apart)
      : order_(order),
        steals_(steals),
        pool_(pool),
        host_(host),
        ledger_(width, SlotCount(max_width) + apart, attention_, has_threads),
        lanes_(pool, attention_),
        workers_(static_cast<std::size_t>(SlotCount(max_width) + apart)) {}
  ~Crew() {
    for (auto& worker : workers_) delete worker.load(std::memory_order_relaxed);
  }

  // Sees to it that the first `count` slots have a worker. Throws std::bad_alloc.
  void MakeWorkers(int count) {
    std::lock_guard lock(growth_lock_);
    for (int slot = used_.load(std::memory_order_relaxed); slot < count; ++slot) {
      workers_[static_cast<std::size_t>(slot)].store(
          new Worker<P>(static_cast<RunLoop<P>&>(*this), pool_, slot), std::memory_order_release);
      used_.store(slot + 1, std::memory_order_seq_cst);
    }
  }

  // For one more pump; kNoSlot: there are enough, or it cannot be had.
  int TryEnter() {
    const auto entry = ledger_.TryEnter();
    if (entry.slot == kNoSlot) return kNoSlot;
    if (entry.slot >= used_.load(std::memory_order_acquire)) {
      try {
        MakeWorkers(entry.slot + 1);
      } catch (const std::bad_alloc&) {  // as if there were no slot
        ledger_.GiveUp(entry.slot);
        host_.OnNoPump();
        return kNoSlot;
      }
    }
    WorkerAt(entry.slot).Enter(entry.alone);
    return entry.slot;
  }
  bool Start(int slot) {
    if (host_.StartPump(slot)) return true;
    ledger_.GiveUp(slot);
    host_.OnNoPump();
    return false;
  }
  // kNoSlot: the pump has left, and there was nothing for it to do.
  int LeaveAndLook(int slot) {
    FenceFor(ledger_.Leave(slot));
    return WorkVisible() ? TryEnter() : kNoSlot;
  }

  bool HasRetired(Worker<P>& worker) { return ledger_.Surplus() && !Stays(worker); }
  // What a pump does when there seem to be too many.
  [[gnu::noinline]] bool Stays(Worker<P>& worker) {
    if (worker.alone()) {
      worker.Share();
      const Look look = ledger_.ShareAlone();
      worker.Announce();
      WakeAll(look);
      if (!ledger_.Surplus()) return true;
    }
    worker.HandInEnds();
    if (!steals_) worker.GiveAll();
    return !ledger_.Retire(worker.slot());
  }

 private:
  using Look = typename PumpLedger<P>::Look;
  static void FenceFor(Look look) {
    if (look == Look::kBehindFence) P::HeavyFence();
  }

  // As many more pumps as there is room for, and seems to be work: one does not always
  // bring the next, where the work lies in several deques.
  void WakeAll(Look look) {
    FenceFor(look);
    for (int left = width(); left > 0 && HasRoom() && WorkVisible(); --left) WakeOne();
  }

  const ReadyOrder order_;
  const bool steals_;
  const NodePool<P>& pool_;

 protected:
  RunLoopHost& host_;
  Attention<P> attention_;
  alignas(64) PumpLedger<P> ledger_;
  alignas(64) ReadyLanes<P> lanes_;
  alignas(64) RootQueue<P> roots_;

 private:
  // Those of replacements are made when they first come, in the order of their slots.
  std::vector<typename P::template Atomic<Worker<P>*>> workers_;
  // All slots below it have a worker; acquire to see them.
  typename P::template Atomic<int> used_{0};
  typename P::Lock growth_lock_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_CREW_H_
