// SPDX-License-Identifier: Apache-2.0
//
// Named resources and memory that tasks hold while they run: all that one needs or nothing, oldest
// first, and given back on every path. resource_lines.h has the rules.
//
// What keeps a waiter from waiting for ever: whoever changes what a grant depends on (gives back,
// withdraws, blocks in a wait, opens the gate) grants in the same step to all that may go on, and
// returns them. A waiter is queued in the same step in which it is found that it may not go on.

#ifndef WEFT_SCHEDULER_INTERNAL_RESOURCE_LEDGER_H_
#define WEFT_SCHEDULER_INTERNAL_RESOURCE_LEDGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>

#include "weft/scheduler/internal/resource_lines.h"
#include "weft/scheduler/internal/resource_waiter.h"

namespace weft::internal {

// A grant belongs to one at a time: the caller of TryAcquire that returned kGranted, or whoever has
// the waiter in a list of granted ones, and then whom that one hands it to. The owner releases it,
// and nobody else.
//
// Thread safety: every method from any thread; of one waiter, Withdraw beside all others, and the
// rest by its owner.
// Cost: a lock; what ResourceLines says. Nothing allocates but the constructor.
template <class P>
class ResourceLedger {
 public:
  // `units` of the named resources, as ResourceTable::units; memory has no limit until SetMemory.
  explicit ResourceLedger(std::span<const std::int64_t> units) : lines_(ResourceLines(units)) {}
  ResourceLedger(const ResourceLedger&) = delete;
  ResourceLedger& operator=(const ResourceLedger&) = delete;

  enum class Acquired : std::uint8_t {
    kGranted,
    kNot,           // it may not wait
    kQueued,        // it will be in a list, unless it is withdrawn
    kQueuedAtGate,  // the same; and the gate, which is closed, is to be looked at in a while
  };
  Acquired TryAcquire(ResourceWaiter& waiter, bool may_wait = true) {
    std::lock_guard lock(lock_);
    ResourceLines& lines = lines_.Change();
    if (lines.Acquire(waiter, may_wait)) return Acquired::kGranted;
    if (!may_wait) return Acquired::kNot;
    return lines.closed() ? Acquired::kQueuedAtGate : Acquired::kQueued;
  }

  GrantedWaiters Release(ResourceWaiter& waiter) {
    std::lock_guard lock(lock_);
    GrantedWaiters granted = lines_.Change().Release(waiter);
    NoteBlocked();  // it may have been
    return granted;
  }

  struct [[nodiscard]] Withdrawn {
    // False: it has been granted, and is, or will be, with whoever was given it in a list, to be
    // released there. Or it has not come yet: who acquires looks for a cancel once it is queued.
    bool was_queued = false;
    GrantedWaiters granted;  // those that it held back
  };
  Withdrawn Withdraw(ResourceWaiter& waiter) {
    std::lock_guard lock(lock_);
    auto [was_queued, granted] = lines_.Change().Withdraw(waiter);
    return {.was_queued = was_queued, .granted = std::move(granted)};
  }

  // Around a wait of a body for other tasks, when it blocks. It keeps what it holds.
  GrantedWaiters Block(ResourceWaiter& waiter) {
    std::lock_guard lock(lock_);
    GrantedWaiters granted = lines_.Change().Block(waiter);
    NoteBlocked();
    return granted;
  }
  void Unblock(ResourceWaiter& waiter) {
    std::lock_guard lock(lock_);
    lines_.Change().Unblock(waiter);
    NoteBlocked();
  }
  bool IsBlocked(const ResourceWaiter& waiter) const {
    std::lock_guard lock(lock_);
    return lines_.Read().IsBlocked(waiter);
  }

  // seq_cst: who adds an edge, and then looks here, or who blocks, and then looks at the edges,
  // sees the other.
  bool AnyBlocked() const { return any_blocked_.load(std::memory_order_seq_cst); }
  bool AnyQueued() const {
    std::lock_guard lock(lock_);
    return lines_.Read().queued() > 0;
  }
  // Whether it cannot be granted before a holder that is blocked now gives something back.
  bool IsStuck(const ResourceWaiter& waiter) const {
    std::lock_guard lock(lock_);
    return lines_.Read().IsStuck(waiter);
  }
  // Calls `visit`, which must not call the ledger, with each that is queued, some more than once.
  template <class F>
  void ForEachQueued(F visit) const {
    std::lock_guard lock(lock_);
    lines_.Read().ForEachQueued(visit);
  }

  struct [[nodiscard]] MemorySet {
    bool look_again = false;  // the gate is closed, and somebody waits
    GrantedWaiters granted;
  };
  // For the gate (memory_gate.h), one call at a time.
  MemorySet SetMemory(std::int64_t budget_bytes, bool closed) {
    std::lock_guard lock(lock_);
    ResourceLines& lines = lines_.Change();
    GrantedWaiters granted = lines.SetMemory(budget_bytes, closed);
    closed_.store(closed, std::memory_order_relaxed);
    return {.look_again = closed && lines.queued() > 0, .granted = std::move(granted)};
  }
  // relaxed: a hint. Open: what needs nothing may run without asking. Closed: TryAcquire decides.
  bool closed() const { return closed_.load(std::memory_order_relaxed); }

  // Of a named resource, or of memory (ResourceClaim::kMemory).
  ResourceFigures figures(std::size_t resource) const {
    std::lock_guard lock(lock_);
    return lines_.Read().FiguresOf(resource);
  }

 private:
  void NoteBlocked() {
    const bool any = lines_.Read().AnyBlocked();
    // relaxed: no others write.
    if (any == any_blocked_.load(std::memory_order_relaxed)) return;
    any_blocked_.store(any, std::memory_order_seq_cst);
  }

  mutable typename P::Lock lock_;
  typename P::template Plain<ResourceLines> lines_;       // guarded by lock_
  typename P::template Atomic<bool> closed_{false};       // that of lines_, for who has no lock
  typename P::template Atomic<bool> any_blocked_{false};  // the same
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RESOURCE_LEDGER_H_
