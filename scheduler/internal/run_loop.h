// SPDX-License-Identifier: Apache-2.0
//
// The heart of a scheduler: workers that take ready tasks from their own deques, from
// each other and from outside, and come and go with the work. Who works is in crew.h, what
// is next in picker.h, and how it is run here. README.md beside this file has the words, the
// steps and the races.

#ifndef WEFT_SCHEDULER_INTERNAL_RUN_LOOP_H_
#define WEFT_SCHEDULER_INTERNAL_RUN_LOOP_H_

#include "weft/scheduler/internal/latch.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/picker.h"
#include "weft/scheduler/internal/ready_lanes.h"
#include "weft/scheduler/internal/root_queue.h"
#include "weft/scheduler/internal/run_loop_host.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::internal {

// Thread safety: every method from any thread.
template <class P>
class RunLoop : public Picker<P> {
  using Base = Picker<P>;
  using Base::attention_, Base::host_, Base::ledger_, Base::lanes_, Base::roots_;

 public:
  using Base::kNoSlot;
  using typename Base::Shift;

  // `max_width`: that Resize will ever ask for. `steals`: idle workers take from the deques
  // of others. `apart`: so many threads that are no pumps work at once. `has_threads`: the host
  // can start pumps at all.
  RunLoop(int width, int max_width, ReadyOrder order, bool steals, const NodePool<P>& pool,
          RunLoopHost& host, bool has_threads = true, int apart = 0)
      : Base(width, max_width, order, steals, pool, host, has_threads, apart) {
    this->MakeWorkers(width);
  }

  // Runs tasks until there are none, as the pump that was admitted with `slot`.
  // The thread goes over to another slot only when there is no other for it: the host may
  // have chosen it for this one.
  void Drain(int slot) noexcept {
    while (Pump(this->WorkerAt(slot), nullptr)) {
      const int again = this->LeaveAndLook(slot);
      if (again == kNoSlot) return;
      if (again == slot) continue;
      if (this->Start(again)) return;
      slot = this->TryEnter();
      if (slot == kNoSlot) return;
    }
  }

  // The calling thread works until `done` is set, or there is nothing to do: if there is room
  // for another worker, on graphs, not on the host's tasks.
  void TakePart(Latch<P>& done) {
    for (int slot = this->TryEnter(); slot != kNoSlot && Pump(this->WorkerAt(slot), &done);) {
      const int again = this->LeaveAndLook(slot);
      if (again == kNoSlot || this->Start(again) || done.IsSet()) return;
      slot = this->TryEnter();  // there is no other thread
    }
  }
  // The same, and the calling thread does not work.
  void Begin(RootRange<P>& range) {
    roots_.Add(range);
    this->Wake();
  }

  // The same for nodes with ranks, for which the lanes have room. Nothing is read after the last.
  void BeginRanked(StaticNode<P>* const* begin, StaticNode<P>* const* end) {
    for (; begin != end; ++begin) lanes_.AddRanked(**begin);
    this->Wake();
  }

  // Hands out a run's first nodes, for TakeNext.
  void Offer(RootRange<P>& range) { roots_.Add(range); }
  // Instead of the run, if nobody has begun with it. `begin`: the first of its nodes.
  bool TakeBack(RootRange<P>& range, StaticNode<P>* const* begin) {
    return roots_.Remove(range, begin);
  }
  // Runs them all as `worker`, which no thread is and which has nothing else; tells
  // before(node) of each.
  template <class F>
  void RunAlone(RootRange<P>& range, const Latch<P>& done, Worker<P>& worker, F before) {
    worker.SetApart(true);
    worker.PushAll(range.next, range.end);
    range.next = range.end;
    // When it is done, too: what its end has submitted is left to others.
    for (bool last = false; !last;) {
      last = done.IsSet();
      while (Node<P>* node = worker.Pop()) {
        if (node->ops->is_task) {
          AddShared(*node, Lane::kNormal);
          continue;
        }
        while (node != nullptr) {
          before(*node);
          node = RunNext(worker, *node);
        }
      }
      worker.HandInEnds();
    }
    worker.SetApart(false);
    worker.TurnToGraph(nullptr);
  }
  // Runs it; the node that the worker runs next.
  Node<P>* RunNext(Worker<P>& worker, Node<P>& node) {
    worker.TurnTo(*node.scope);
    worker.TurnToGraph(node.ops->is_task ? nullptr : node.scope);
    return node.ops->step(node, worker);
  }
  // One that may not run in place (MayGoOn).
  void PutBack(Worker<P>& worker, Node<P>& successor) {
    if (RankOf(successor) != 0 && !worker.apart() && lanes_.AddRanked(successor)) {
      return this->Wake();
    }
    worker.Push(successor);
    worker.Announce();
  }

  // A task that is ready, for whoever comes first; its owner wakes.
  void AddShared(Node<P>& node, Lane lane) { lanes_.Add(node, lane); }
  // The same for several of the normal lane, in this order.
  template <class N>
  void AddAllShared(N* const* begin, N* const* end) {
    lanes_.AddAll(begin, end);
  }
  ReadyLanes<P>& lanes() { return lanes_; }

 private:
  // Until there is nothing to do, or `until` is set. False: the pump has retired.
  bool Pump(Worker<P>& worker, const Latch<P>* until) {
    host_.OnSlot(worker.slot());
    PumpTurns turns;
    Shift shift{.until = until, .turns = &turns};
    for (;;) {
      while (Node<P>* node = this->PopNext(worker, shift)) {
        this->CountPick(shift);
        if (worker.shares() && worker.SeemsToHaveMore() && ledger_.HasRoom()) [[unlikely]]
          this->WakeOne();
        RunChain(worker, *node, shift);
      }
      if (this->HasRetired(worker)) return false;
      worker.HandInEnds();
      if (worker.SeemsToHaveMore()) continue;  // the end of a nested run made tasks ready
      if (until != nullptr && until->IsSet()) return true;
      if (!FindAndRun(worker, shift)) return true;
    }
  }

  void RunChain(Worker<P>& worker, Node<P>& first, Shift& shift) {
    if (first.ops->is_task) {
      if (shift.until != nullptr) [[unlikely]] {
        // Who waits for a graph must not wait for the end of something else.
        AddShared(first, Lane::kNormal);
        return this->Wake();
      }
      if (worker.graph() != nullptr) [[unlikely]] {
        // In this order: what the end of a run calls may wait, and must be known for the run's.
        worker.TurnTo(*first.scope);
        worker.TurnToGraph(nullptr);
      }
    } else {
      worker.TurnTo(*first.scope);
      worker.TurnToGraph(first.scope);
    }
    Node<P>* node = &first;
    while (node != nullptr) {
      node = node->ops->step(*node, worker);
      if (node == nullptr) return;
      // For others, if this pump is to leave; for later, if something may go first.
      if (attention_.Needed() && (ledger_.Surplus() || !this->MayGoOn(*node))) [[unlikely]]
        return PutBack(worker, *node);
      if (node->ops->is_task) this->CountInPlace(shift);  // a graph's next node is not held back
    }
  }

  // False: a while of looking has found nothing.
  bool FindAndRun(Worker<P>& worker, Shift& shift) {
    const Latch<P>* const until = shift.until;
    // Who has given us something may be at the next, and would have to wake us for it.
    const int rounds = shift.fed ? kSearchRoundsFed : kSearchRounds;
    for (int round = 0; round < rounds; ++round) {
      if (Node<P>* node = this->Find(worker, shift, round)) {
        this->CountPick(shift);
        RunChain(worker, *node, shift);
        return true;
      }
      // Who should make anything ready?
      if (!shift.fed && ledger_.NobodyElse() && !lanes_.InboxSeemsFilled()) return false;
      if (until != nullptr && until->IsSet()) return false;
      P::Pause();
    }
    return false;
  }

  static constexpr int kSearchRounds = EngineShape<P>::kSearchRounds;
  static constexpr int kSearchRoundsFed = EngineShape<P>::kSearchRoundsFed;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RUN_LOOP_H_
