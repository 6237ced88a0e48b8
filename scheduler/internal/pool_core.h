// SPDX-License-Identifier: Apache-2.0
//
// The threads of a pool: who takes the next item, who sleeps, who is brought and who ends.
//
// One lock guards all that they know (pool_state.h); threads are made, woken and joined without
// it. What keeps an item from lying while a thread could run it:
// - A thread looks at the queue in the same step in which it goes to sleep or ends, and does so
//   only where the queue is empty or as many as may do run items: each of those looks again.
// - Who adds an item, takes one and leaves others, or raises the width, wakes or makes a thread
//   while fewer are coming than there are items, and places left.
// - A thread that is being made may never come. It counts against making another one, never
//   against waking one or letting one stay. When it cannot be had, the item stays for the threads
//   that there are, at least one until the end, and who takes the next item tries again.

#ifndef WEFT_SCHEDULER_INTERNAL_POOL_CORE_H_
#define WEFT_SCHEDULER_INTERNAL_POOL_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/latch.h"
#include "weft/scheduler/internal/pool_item.h"
#include "weft/scheduler/internal/pool_state.h"

namespace weft::internal {

// What a pool stands on.
template <class P, class Thread>
class PoolHost {
 public:
  using Worker = PoolWorker<P, Thread>;

  // Makes a thread that calls Work(worker) and, last of all, Leave(worker), and notes it in
  // worker.thread. False: there is none to be had.
  virtual bool Start(Worker& worker) noexcept = 0;
  // Blocks until that thread has ended.
  virtual void Join(Worker& worker) noexcept = 0;
  virtual void RunPump(int slot) noexcept = 0;

 protected:
  ~PoolHost() = default;
};

// Items run in `width` places; pumps run beside them, each on a thread of its own, as many as are
// asked for. Idle threads stay, with those that run items as many as the width, and twice as many
// where pumps may come.
//
// Thread safety: every method from any thread; StopPumps by one at a time. Destroy it after
// Shutdown, or where Open has failed.
// Cost: a lock for each call and each item; memory for new threads only.
template <class P, class Thread>
class PoolCore {
 public:
  using Host = PoolHost<P, Thread>;
  using Worker = PoolWorker<P, Thread>;

  PoolCore(int width, std::size_t most_queued, Host& host)
      : host_(host), most_queued_(most_queued), width_(width) {
    state_.Change().width = width;
  }
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  // Makes the first thread. False: there is none to be had. Before all other calls.
  bool Open() {
    {
      std::lock_guard lock(lock_);
      State& s = state_.Change();
      ++s.threads;
      ++s.starting;
    }
    return MakeThread(PoolPart::kStarting, Worker::kNoSlot);
  }

  enum class Taken : std::uint8_t { kYes, kShutDown, kFull };
  enum class WhenFull : std::uint8_t { kTake, kRefuse, kWait };
  // kYes: the item will be called.
  Taken Enqueue(PoolItem& item, Lane lane, WhenFull when_full) {
    Call call;
    {
      std::unique_lock lock(lock_);
      State& s = state_.Change();
      if (s.closed) return Taken::kShutDown;
      if (when_full != WhenFull::kTake && s.queue.size() >= most_queued_) {
        if (when_full == WhenFull::kRefuse) return Taken::kFull;
        PoolSender<P> self{.item = &item, .lane = lane};
        s.senders.push_back(&self);
        lock.unlock();
        self.parker.Park();
        return Taken::kYes;
      }
      s.queue.Push(&item, lane);
      call = s.Bring();
    }
    Answer(call);
    return Taken::kYes;
  }

  enum class Resized : std::uint8_t { kYes, kShutDown, kNoThread };
  // Threads come at once where items wait for them; those that are too many end after the item
  // that each is at. kNoThread: one that was needed could not be had, and the width is as it was.
  Resized Resize(int width) {
    std::lock_guard one_at_a_time(resize_lock_);
    const int before = this->width();
    if (!SetWidth(width)) return Resized::kShutDown;
    for (int places = width; places > 0;
         --places) {  // who adds items meanwhile brings threads, too
      Call call;
      {
        std::lock_guard lock(lock_);
        call = state_.Change().Bring();
      }
      if (call.nobody()) return Resized::kYes;
      if (Answer(call)) continue;
      if (width <= before) return Resized::kYes;  // no more was asked for
      SetWidth(before);
      return Resized::kNoThread;
    }
    return Resized::kYes;
  }

  // Pumps may come from now on.
  void AllowPumps() {
    std::lock_guard lock(lock_);
    state_.Change().pumps_allowed = true;
  }
  // Brings a thread that runs this pump. False: none is to be had, or they are not allowed.
  bool StartPump(int slot) {
    Call call;
    {
      std::lock_guard lock(lock_);
      State& s = state_.Change();
      if (s.closed || !s.pumps_allowed) return false;
      call = s.BringForPump(slot);
    }
    if (call.woken != nullptr) call.woken->parker.Unpark();
    return !call.makes || MakeThread(PoolPart::kPump, slot);
  }
  // Blocks until there is no pump, and lets none come.
  void StopPumps() {
    typename P::Parker parker;
    Worker* surplus = nullptr;
    bool awaits = false;
    {
      std::lock_guard lock(lock_);
      State& s = state_.Change();
      s.pumps_allowed = false;
      surplus = s.WakeSurplus();
      awaits = s.pumps > 0;
      if (awaits) s.stopper = &parker;
    }
    UnparkAll(surplus);
    if (awaits) parker.Park();
  }

  // Takes no more items, but of those who wait for room, and blocks until all have been called and
  // every thread has ended. `cancel`: what has not begun is called with `run` false, also where an
  // earlier call shuts down without. Not on a thread of the pool.
  void Shutdown(bool cancel) {
    typename P::Parker parker;
    Worker* idle = nullptr;
    bool first = false;
    bool awaits = false;
    {
      std::lock_guard lock(lock_);
      State& s = state_.Change();
      s.cancelled = s.cancelled || cancel;
      first = !std::exchange(s.closed, true);
      idle = s.WakeAllIdle();
      awaits = first && s.threads + s.leaving > 0;
      if (awaits) s.closer = &parker;
    }
    UnparkAll(idle);
    if (!first) return ended_.Wait();
    if (awaits) parker.Park();
    Join(LastToLeave());
    ended_.Set();
  }

  // For the threads of the host.
  void Work(Worker& self) {
    for (Turn turn = Next(self); turn.part != PoolPart::kNone; turn = Next(self)) {
      if (turn.part == PoolPart::kPump) {
        host_.RunPump(turn.slot);
      } else {
        turn.item->call(*turn.item, turn.run);
      }
    }
  }
  // Each joins the one that left before it: so at most one has ended and is not joined.
  void Leave(Worker& self) {
    Worker* before = nullptr;
    {
      std::lock_guard lock(lock_);
      before = state_.Change().EndLast(self);
    }
    Join(before);
  }

  // relaxed: a hint; whoever relies on it holds the lock.
  int width() const { return width_.load(std::memory_order_relaxed); }
  struct Figures {
    int threads = 0;  // those that begin to end are not counted
    std::size_t queued = 0;
    std::int64_t failed_starts = 0;
  };
  Figures figures() const {
    std::lock_guard lock(lock_);
    const State& s = state_.Read();
    return {.threads = s.threads, .queued = s.queue.size(), .failed_starts = s.failed_starts};
  }

 private:
  using State = PoolState<P, Thread>;
  using Call = typename State::Call;
  struct Turn {
    PoolPart part = PoolPart::kNone;  // the thread is to end
    PoolItem* item = nullptr;
    bool run = false;
    int slot = Worker::kNoSlot;
  };

  // What this thread does next. Sleeps while there is nothing.
  Turn Next(Worker& self) {
    std::unique_lock lock(lock_);
    for (;;) {
      State& s = state_.Change();
      if (self.slot != Worker::kNoSlot) {
        return {.part = PoolPart::kPump, .slot = std::exchange(self.slot, Worker::kNoSlot)};
      }
      s.GiveBack(std::exchange(self.part, PoolPart::kNone));
      if (PoolItem* const item = s.TakeItem(self)) {
        const Turn turn{.part = PoolPart::kItem, .item = item, .run = !s.cancelled};
        const Call call = s.Bring();
        lock.unlock();
        Answer(call);
        return turn;
      }
      if (s.IsToEnd()) {
        s.BeginToEnd();
        return {};
      }
      State::Link(s.idle, self);
      lock.unlock();
      self.parker.Park();
      lock.lock();
    }
  }

  // The rest is called without lock_.

  // False: there is no thread to be had.
  bool Answer(const Call& call) {
    if (call.woken != nullptr) call.woken->parker.Unpark();
    return !call.makes || MakeThread(PoolPart::kStarting, Worker::kNoSlot);
  }
  bool MakeThread(PoolPart part, int slot) {
    auto* const worker = new (std::nothrow) Worker;
    if (worker != nullptr) {
      worker->part = part;
      worker->slot = slot;
      std::lock_guard lock(worker->starting);
      if (host_.Start(*worker)) return true;
    }
    delete worker;
    std::lock_guard lock(lock_);
    state_.Change().NotMade(part);
    return false;
  }
  void Join(Worker* worker) {
    if (worker == nullptr) return;
    { std::lock_guard lock(worker->starting); }  // `thread` has been written
    host_.Join(*worker);
    delete worker;
  }
  Worker* LastToLeave() {
    std::lock_guard lock(lock_);
    return std::exchange(state_.Change().left, nullptr);
  }
  // False: it is too late.
  bool SetWidth(int width) {
    Worker* surplus = nullptr;
    {
      std::lock_guard lock(lock_);
      State& s = state_.Change();
      if (s.closed) return false;
      s.width = width;
      width_.store(width, std::memory_order_relaxed);
      surplus = s.WakeSurplus();
    }
    UnparkAll(surplus);
    return true;
  }
  static void UnparkAll(Worker* list) {
    while (list != nullptr) {
      Worker* const worker = list;
      list = worker->next;  // before its thread goes on
      worker->parker.Unpark();
    }
  }

  Host& host_;
  const std::size_t most_queued_;
  typename P::Lock resize_lock_;            // before lock_
  typename P::template Atomic<int> width_;  // the state's, for who does not hold the lock
  mutable typename P::Lock lock_;
  typename P::template Plain<State> state_;  // guarded by lock_
  Latch<P> ended_;                           // Shutdown has done its work
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_POOL_CORE_H_
