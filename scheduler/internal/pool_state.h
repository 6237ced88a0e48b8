// SPDX-License-Identifier: Apache-2.0
//
// What a pool knows of its threads, and the rules by which it counts them. One lock, the core's
// (pool_core.h), guards all of it.

#ifndef WEFT_SCHEDULER_INTERNAL_POOL_STATE_H_
#define WEFT_SCHEDULER_INTERNAL_POOL_STATE_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/linked_fifo.h"
#include "weft/scheduler/internal/pool_item.h"
#include "weft/scheduler/task_queue.h"

namespace weft::internal {

// What a thread of a pool is counted as, apart from being one.
enum class PoolPart : std::uint8_t {
  kNone,      // idle, or ending
  kStarting,  // being made for the queue
  kWoken,     // on its way to the queue
  kItem,      // has a place: runs an item
  kPump,      // runs a pump, or comes to do so
};

// One thread, from before its start until it has been joined. `Thread` is the host's.
//
// Thread safety: what is not said to be otherwise is guarded by the core's lock, once it runs.
template <class P, class Thread>
struct PoolWorker {
  static constexpr int kNoSlot = -1;

  Thread thread{};            // the host's; whoever joins reads it behind `starting`
  typename P::Lock starting;  // held while the host writes `thread`
  typename P::Parker parker;  // any thread's to unpark, once for each time that it is let go
  PoolPart part = PoolPart::kNone;
  int slot = kNoSlot;          // of the pump that it is to run
  PoolWorker* next = nullptr;  // in the list of idle ones, or of those that are let go
};

// Waits until there is room in the queue, in the frame of the thread that does.
//
// Thread safety: the core's lock until it is unparked, then its owner.
template <class P>
struct PoolSender {
  PoolItem* item = nullptr;
  Lane lane = Lane::kNormal;
  PoolSender* next = nullptr;
  typename P::Parker parker{};
};

// Thread safety: the core's lock guards it.
template <class P, class Thread>
struct PoolState {
  using Worker = PoolWorker<P, Thread>;

  // A thread that has been decided on: the core must see to it, without the lock.
  struct Call {
    Worker* woken = nullptr;
    bool makes = false;
    bool nobody() const { return woken == nullptr && !makes; }
  };
  // One more thread for the queue, if one is of use.
  Call Bring() {
    if (!Needs(woken)) return {};
    if (idle != nullptr) return {.woken = WakeIdle()};
    if (!Needs(woken + starting)) return {};
    ++threads;
    ++starting;
    return {.makes = true};
  }
  // Of the idle threads those that are too many, linked.
  Worker* WakeSurplus() {
    Worker* list = nullptr;
    for (int i = Surplus(); i > 0 && idle != nullptr; --i) Link(list, *WakeIdle());
    return list;
  }
  Worker* WakeAllIdle() {
    Worker* list = nullptr;
    while (idle != nullptr) Link(list, *WakeIdle());
    return list;
  }
  // A thread for a pump: a place is not of interest.
  Call BringForPump(int slot) {
    ++pumps;
    if (idle == nullptr) {
      ++threads;
      return {.makes = true};
    }
    Worker* const worker = TakeIdle();
    worker->part = PoolPart::kPump;
    worker->slot = slot;
    return {.woken = worker};
  }
  // The thread that was to be made as this is none.
  void NotMade(PoolPart part) {
    --threads;
    ++failed_starts;
    GiveBack(part);
    TellCloser();
  }

  // The item that this thread is to run; null when it has nothing to do.
  PoolItem* TakeItem(Worker& self) {
    if (queue.empty() || running >= width) return nullptr;
    ++running;
    self.part = PoolPart::kItem;
    PoolItem* const item = *queue.Pop();
    LetSenderIn();
    return item;
  }
  // Instead of sleeping. An item that lies in the queue is left to those that run others.
  bool IsToEnd() const { return closed || Surplus() > 0; }
  void BeginToEnd() {
    --threads;
    ++leaving;
  }
  // The thread that has ended before, to be joined, or null.
  Worker* EndLast(Worker& self) {
    --leaving;
    TellCloser();
    return std::exchange(left, &self);
  }

  // A thread is not any more what it was counted as.
  void GiveBack(PoolPart part) {
    if (part == PoolPart::kStarting) --starting;
    if (part == PoolPart::kWoken) --woken;
    if (part == PoolPart::kItem) --running;
    if (part != PoolPart::kPump || --pumps > 0 || stopper == nullptr) return;
    std::exchange(stopper, nullptr)->Unpark();
  }
  static void Link(Worker*& list, Worker& worker) {
    worker.next = list;
    list = &worker;
  }

  int width = 0;
  TaskQueue<PoolItem*, LinkedFifo<PoolItem>> queue;
  LinkedFifo<PoolSender<P>> senders;  // the first to come is the first to be let in
  Worker* idle = nullptr;             // the last to come is the first to go
  Worker* left = nullptr;             // has left, and is not joined

  int threads = 0;   // that have not begun to end, and those that are being made; of these:
  int starting = 0;  // perhaps none comes of them
  int woken = 0;
  int running = 0;  // at most `width`, but for a while after it shrinks
  int pumps = 0;
  int leaving = 0;  // threads between their last look and their last call

  std::int64_t failed_starts = 0;
  bool closed = false;
  bool cancelled = false;
  bool pumps_allowed = false;
  typename P::Parker* closer = nullptr;   // of who shuts down, until all threads have left
  typename P::Parker* stopper = nullptr;  // of who stops the pumps, until there is none

 private:
  bool Needs(int coming) const {
    return queue.size() > static_cast<std::size_t>(coming) && running + coming < width;
  }
  Worker* TakeIdle() { return std::exchange(idle, idle->next); }
  Worker* WakeIdle() {
    Worker* const worker = TakeIdle();
    worker->part = PoolPart::kWoken;
    ++woken;
    return worker;
  }
  // How many threads, of those that are there and run no pump, are too many. As many as run items
  // stay, and as many again for pumps: who asks for one need not know yet that another returns.
  int Surplus() const {
    const int enough = pumps_allowed ? 2 * width : width;
    return threads - pumps - starting - enough;
  }
  // In place of an item that was taken: so none waits beside an empty queue, and all are let in.
  void LetSenderIn() {
    if (senders.empty()) return;
    PoolSender<P>& sender = *senders.front();
    senders.pop_front();
    queue.Push(sender.item, sender.lane);
    sender.parker.Unpark();
  }
  void TellCloser() {
    if (closer == nullptr || threads + leaving > 0) return;
    std::exchange(closer, nullptr)->Unpark();
  }
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_POOL_STATE_H_
