// SPDX-License-Identifier: Apache-2.0
//
// What a thread owns while it holds a worker slot.

#ifndef WEFT_SCHEDULER_INTERNAL_WORKER_H_
#define WEFT_SCHEDULER_INTERNAL_WORKER_H_

#include <cstddef>
#include <cstdint>

#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/item_store.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/overflow.h"
#include "weft/scheduler/internal/pump_ledger.h"
#include "weft/scheduler/internal/scope.h"
#include "weft/scheduler/internal/work_deque.h"

namespace weft::internal {

template <class P>
class RunLoop;

enum class ReadyOrder {
  kDepthFirst,  // what became ready last, on the worker that made it ready
  kStrict,      // first come, first served; for one worker
};

// Thread safety: the thread that holds the slot; StealFrom and HasWork any thread.
template <class P>
class alignas(128) Worker {  // 128: neighbouring lines are fetched in pairs
 public:
  Worker(RunLoop<P>& loop, const NodePool<P>& pool, int slot)
      : loop_(loop),
        slot_(slot),
        strict_(loop.order() == ReadyOrder::kStrict),
        steals_(loop.steals()),
        shares_(steals_),
        keeps_(!strict_),
        overflow_(pool) {}

  // A pump takes the slot.
  void Enter(bool alone) { SetAlone(alone); }
  // What is made ready here goes to the lanes: nobody steals, and the thread that has the slot runs
  // one body, which may block at any time.
  void SetGivesAll(bool gives) {
    gives_all_ = gives;
    keeps_ = !strict_ && !gives;
  }
  // The body that runs here is about to block: others come, and find all there is.
  void Share() {
    HandInEnds();
    SetAlone(false);
    while (chunk_ != chunk_end_) Push(**chunk_++);
  }

  RunLoop<P>& loop() const { return loop_; }
  int slot() const { return slot_; }
  // No other worker takes part in what runs here (RunLoop::RunAlone).
  bool apart() const { return apart_; }
  void SetApart(bool apart) { apart_ = apart; }
  // First come, first served: nothing runs in place.
  bool strict() const { return strict_; }
  // True: no other thread touches what this one works on, until it leaves the slot.
  bool alone() const { return alone_; }
  // Others may take from it.
  bool shares() const { return shares_; }

  // A task became ready through the one that runs here.
  void Push(Node<P>& node) {
    if (!keeps_ || !deque_.Push(&node)) [[unlikely]]
      PushElsewhere(node);
  }
  // The same for a task. False: it went to a lane that all share.
  bool PushTask(Node<P>& node, Lane lane) {
    if (lane == Lane::kNormal && keeps_) [[likely]] {
      Push(node);
      return true;
    }
    loop_.AddShared(node, lane);
    return false;
  }
  // After a round of pushes: others may be needed.
  void Announce() {
    if (!shares_) return gives_all_ ? loop_.Wake() : void();
    P::LightFence();
    const Room room = loop_.RoomIfCalm();
    if (room == Room::kNone) [[likely]]
      return;
    if (room == Room::kAsk) {
      deque_.Announce();
      if (++announced_ % EngineShape<P>::kCalmAfter == 0) loop_.Calm();
      if (!loop_.HasRoom()) return;
    }
    loop_.WakeOne();
  }
  // Nodes that are ready, to be run in this order.
  template <class N>
  void PushAll(N* const* begin, N* const* end) {
    if (strict_) {
      for (auto node = begin; node != end; ++node) Push(**node);
    } else {
      for (auto node = end; node != begin; --node) Push(**(node - 1));
    }
    if (begin != end) Announce();
  }
  // The same, when there are no others here, and the array outlives their run. The first
  // is returned.
  Node<P>* PushChunk(StaticNode<P>* const* begin, StaticNode<P>* const* end) {
    if (alone_ && !strict_) {
      chunk_ = begin + 1;
      chunk_end_ = end;
    } else {
      PushAll(begin + 1, end);
    }
    return *begin;
  }
  void TurnTo(const Scope<P>& scope) { tally_.TurnTo(scope, *this); }
  void CountEnd(Scope<P>& scope) { tally_.CountEnd(scope, *this); }
  void CountCompleted(Scope<P>& scope) { tally_.CountCompleted(scope, *this); }
  void CountSubmitted(Scope<P>& scope, std::int64_t tasks = 1) {
    tally_.CountSubmitted(scope, *this, tasks);
  }
  void TakeBackSubmitted(Scope<P>& scope) { tally_.TakeBackSubmitted(scope, *this); }

  // Which task's body runs here, innermost; null: none, or that of a graph's node.
  TaskNode<P>* current() const { return current_; }
  // A body begins; what is pushed from now on is its own. Given back to EndBody.
  struct Body {
    TaskNode<P>* task = nullptr;
    std::int64_t mark = 0;
  };
  Body BeginBody(TaskNode<P>& task) {
    const Body outer{current_, mark_};
    current_ = &task;
    mark_ = deque_.Mark();
    return outer;
  }
  void EndBody(const Body& outer) {
    current_ = outer.task;
    mark_ = outer.mark;
  }
  // Whose nodes run here while there is no task's body; null: no graph's.
  const Scope<P>* graph() const { return graph_; }
  void TurnToGraph(const Scope<P>* graph) { graph_ = graph; }
  // When the node that runs here began, for graphs that learn; nanoseconds.
  void SetBegan(std::int64_t at) { began_ = at; }
  std::int64_t began() const { return began_; }
  // A task that the body which runs here has pushed; null when there is none left here.
  Node<P>* PopOwn() { return current_ == nullptr ? nullptr : PopAbove(mark_); }
  std::int64_t Mark() const { return deque_.Mark(); }
  // What was pushed since `mark` is left to others, and to later.
  void GiveAway(std::int64_t mark) {
    bool given = false;
    while (Node<P>* node = PopAbove(mark)) {
      overflow_.Add(*node);
      given = true;
    }
    if (given) Announce();
  }
  // All that waits here, to the lanes: for when nobody steals, and this worker blocks or
  // leaves.
  void GiveAll() {
    bool given = false;
    while (Node<P>* node = Pop()) {
      loop_.AddShared(*node, Lane::kNormal);
      given = true;
    }
    if (given) loop_.Wake();
  }
  void GiveAway(Node<P>& node) {
    PushElsewhere(node);
    Announce();
  }

  ItemCache<TaskNode<P>>& tasks() { return tasks_; }
  ItemCache<EdgeBlock<P>>& blocks() { return blocks_; }

  // The task that was pushed last; null when there is none.
  Node<P>* Pop() {
    if (alone_) {
      if (Node<P>* node = nullptr; deque_.PopAlone(node)) return node;
      if (chunk_ != chunk_end_) return *chunk_++;
    } else {
      if (Node<P>* node = nullptr; deque_.Pop(node)) return node;
    }
    return overflow_.SeemsEmpty() ? nullptr : PopOverflow();
  }
  void HandInEnds() { tally_.HandInAll(*this); }

  Node<P>* StealFrom() {
    if (Node<P>* node = nullptr; deque_.Steal(node)) return node;
    Node<P>* first = nullptr;
    if (!overflow_.SeemsEmpty()) overflow_.Take(1, [&first](Node<P>& node) { first = &node; });
    return first;
  }
  // For while no other thread is here: calls `visit`, or `drop`, with each node that lies
  // here, until done(); takes out those for which drop(node) is true.
  template <class Visit, class Drop, class Done>
  void Sweep(Visit visit, Drop drop, Done done) {
    deque_.ForEach([&](Node<P>* node) {
      if (!done()) visit(*node);
    });
    overflow_.Sweep(drop, done);
  }
  bool HasWork() const { return !deque_.empty() || !overflow_.empty(); }
  bool SeemsToHaveMore() const {
    return !deque_.EmptyForOwner() || !overflow_.SeemsEmpty() || chunk_ != chunk_end_;
  }

 private:
  void SetAlone(bool alone) {
    alone_ = alone;
    shares_ = steals_ && !alone;
  }
  void PushElsewhere(Node<P>& node) {
    if (gives_all_) {
      loop_.AddShared(node, Lane::kNormal);
    } else {
      overflow_.Add(node);
    }
  }

  using Room = typename PumpLedger<P>::Room;
  static constexpr std::size_t kDequeCapacity = EngineShape<P>::kDequeCapacity;

  Node<P>* PopAbove(std::int64_t mark) {
    if (deque_.Mark() <= mark) return nullptr;
    Node<P>* node = nullptr;
    const bool popped = alone_ ? deque_.PopAlone(node) : deque_.Pop(node);
    return popped ? node : nullptr;
  }

  // The oldest; some more move to the deque.
  [[gnu::noinline]] Node<P>* PopOverflow() {
    Node<P>* first = nullptr;
    overflow_.Take(strict_ ? 1 : kDequeCapacity / 2, [&](Node<P>& node) {
      if (first == nullptr) {
        first = &node;
      } else {
        deque_.Push(&node);
      }
    });
    return first;
  }

  RunLoop<P>& loop_;
  const int slot_;
  const bool strict_;
  const bool steals_;
  bool shares_;
  bool keeps_;  // in the deque, what is pushed
  bool gives_all_ = false;
  bool apart_ = false;
  std::uint32_t announced_ = 0;  // with a fence
  bool alone_ = false;           // no thief: no handshakes, and a chunk need not be in the deque
  StaticNode<P>* const* chunk_ = nullptr;
  StaticNode<P>* const* chunk_end_ = nullptr;
  TaskNode<P>* current_ = nullptr;
  std::int64_t mark_ = 0;
  const Scope<P>* graph_ = nullptr;
  std::int64_t began_ = 0;
  ItemCache<TaskNode<P>> tasks_;
  ItemCache<EdgeBlock<P>> blocks_;
  ScopeTally<P> tally_;
  Overflow<P> overflow_;
  WorkDeque<P, Node<P>*, kDequeCapacity> deque_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_WORKER_H_
