// SPDX-License-Identifier: Apache-2.0
//
// The heart of a scheduler: workers that take ready tasks from their own deques, from
// each other and from outside, and come and go with the work. README.md beside this
// file has the words, the steps and the races.

#ifndef WEFT_SCHEDULER_INTERNAL_RUN_LOOP_H_
#define WEFT_SCHEDULER_INTERNAL_RUN_LOOP_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "weft/scheduler/internal/attention.h"
#include "weft/scheduler/internal/lane_ages.h"
#include "weft/scheduler/internal/latch.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/pump_ledger.h"
#include "weft/scheduler/internal/ready_lanes.h"
#include "weft/scheduler/internal/root_queue.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::internal {

// How often a pump tells its host that it goes on: after so many turns, which are counted down.
//
// Thread safety: the pump.
struct PumpTurns {
  std::uint32_t left = 1;
  std::uint32_t stride = 1;
  std::int64_t told_at = 0;  // the host's
};

// What a run loop stands on.
class RunLoopHost {
 public:
  // Brings a thread that calls RunLoop::Drain(slot). False: it cannot.
  virtual bool StartPump(int slot) noexcept = 0;
  // A pump that was needed could not be had: perhaps it can be later (WakeIfNeeded).
  virtual void OnNoPump() noexcept {}
  // The ledger may be calm after this.
  virtual void BeforeCalm() noexcept {}
  // A pump is about to look for something to run, or to run it. Says after how many turns, at least
  // one, it is to tell the next time, if it has not stopped before.
  virtual void OnTurns(PumpTurns& turns) noexcept {
    turns.left = std::numeric_limits<std::uint32_t>::max();
  }
  // This thread works as `slot` from now on.
  virtual void OnSlot(int slot) noexcept = 0;

 protected:
  ~RunLoopHost() = default;
};

// Thread safety: every method from any thread.
template <class P>
class RunLoop {
 public:
  static constexpr int kNoSlot = PumpLedger<P>::kNoSlot;
  // So many bodies may wait for tasks at once and be replaced (MayBlock).
  static constexpr int kMaxReplacements = EngineShape<P>::kMaxReplacements;
  // Each active body may have passed that check at the same moment.
  static constexpr int SlotCount(int width) { return 2 * width + kMaxReplacements; }

  // `max_width`: that Resize will ever ask for. `steals`: idle workers take from the deques
  // of others. `apart`: so many threads that are no pumps work at once. `has_threads`: the host
  // can start pumps at all.
  RunLoop(int width, int max_width, ReadyOrder order, bool steals, const NodePool<P>& pool,
          RunLoopHost& host, bool has_threads = true, int apart = 0)
      : order_(order),
        steals_(steals),
        pool_(pool),
        host_(host),
        ledger_(width, SlotCount(max_width) + apart, attention_, has_threads),
        lanes_(pool, attention_),
        workers_(static_cast<std::size_t>(SlotCount(max_width) + apart)) {
    try {
      MakeWorkers(width);
    } catch (...) {
      DeleteWorkers();
      throw;
    }
  }
  RunLoop(const RunLoop&) = delete;
  RunLoop& operator=(const RunLoop&) = delete;
  ~RunLoop() { DeleteWorkers(); }

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

  // Runs tasks until there are none, as the pump that was admitted with `slot`.
  // The thread goes over to another slot only when there is no other for it: the host may
  // have chosen it for this one.
  void Drain(int slot) noexcept {
    while (Pump(WorkerAt(slot), nullptr)) {
      const int again = LeaveAndLook(slot);
      if (again == kNoSlot) return;
      if (again == slot) continue;
      if (Start(again)) return;
      slot = TryEnter();
      if (slot == kNoSlot) return;
    }
  }

  // The calling thread works until `done` is set, or there is nothing to do: if there is room
  // for another worker, on graphs, not on the host's tasks.
  void TakePart(Latch<P>& done) {
    for (int slot = TryEnter(); slot != kNoSlot && Pump(WorkerAt(slot), &done);) {
      const int again = LeaveAndLook(slot);
      if (again == kNoSlot || Start(again) || done.IsSet()) return;
      slot = TryEnter();  // there is no other thread
    }
  }
  // The same, and the calling thread does not work.
  void Begin(RootRange<P>& range) {
    roots_.Add(range);
    if (HasRoom()) WakeOne();
  }

  // The same for nodes with ranks, for which the lanes have room. Nothing is read after the last.
  void BeginRanked(StaticNode<P>* const* begin, StaticNode<P>* const* end) {
    for (; begin != end; ++begin) lanes_.AddRanked(**begin);
    Wake();
  }

  // Hands out a run's first nodes, for TakeNext.
  void Offer(RootRange<P>& range) { roots_.Add(range); }
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

  // What a worker remembers while it looks and runs.
  //
  // Thread safety: the worker.
  struct Shift {
    const Latch<P>* until = nullptr;       // works on a graph's nodes only, until it is set
    std::uint32_t left = 0;                // so many picks until AtTurn
    std::uint32_t step = 1;                // what that was at first
    std::uint32_t unfair = kFairness + 1;  // so many, when it was, until the next from outside
    bool fair = false;                     // that one is due
    bool normal = false;         // some of the normal lane have run that the lanes do not know of
    bool fed = false;            // has had tasks from outside
    bool ranked = false;         // of the normal lane the last one had a rank
    PumpTurns* turns = nullptr;  // null: nobody is told
  };
  // For a host that drains on one thread, as its workers by turns: what this one takes now,
  // when it steals from `first_victim` first.
  Node<P>* TakeNext(int slot, Shift& shift, int first_victim) {
    Worker<P>& worker = WorkerAt(slot);
    Node<P>* node = PopNext(worker, shift);
    if (node == nullptr) node = Find(worker, shift, kPatience, first_victim);
    if (node != nullptr) CountPick(shift);
    return node;
  }
  // For a host that drains on one thread, first come, first served: all its tasks are in lanes.
  Node<P>* TakeInTurn() {
    if (lanes_.SeemsApart()) {
      for (const Lane lane : kAgeing) {
        if (!ages_.TakeDue(lane)) continue;
        if (Node<P>* node = lanes_.PopFrom(lane)) {
          NoteStart(lane, /*normal_waits=*/false);
          return node;
        }
      }
    }
    Lane lane{};
    Node<P>* const node = lanes_.Pop(Lane::kLow, lane);
    if (node != nullptr) NoteStart(lane, /*normal_waits=*/false);
    return node;
  }
  // Whether `successor` of what a worker has run may run next, in place: nothing has come that
  // goes first.
  bool MayGoOn(const Node<P>& successor) const {
    return !attention_.Needed() || lanes_.SeemsFirst(RankOf(successor));
  }
  // One that may not.
  void PutBack(Worker<P>& worker, Node<P>& successor) {
    if (RankOf(successor) != 0 && !worker.apart() && lanes_.AddRanked(successor)) return Wake();
    worker.Push(successor);
    worker.Announce();
  }
  // Runs it; the node that the worker runs next.
  Node<P>* RunNext(Worker<P>& worker, Node<P>& node) {
    worker.TurnTo(*node.scope);
    worker.TurnToGraph(node.ops->is_task ? nullptr : node.scope);
    return node.ops->step(node, worker);
  }
  // As a body inside others, which no worker's slot is free for: depth 0, 1, 2 and so on below
  // kMaxReplacements. Throws std::bad_alloc.
  Worker<P>& WorkerInside(int depth) {
    MakeWorkers(width() + depth + 1);
    return WorkerAt(width() + depth);
  }

  // Instead of the run, if nobody has begun with it. `begin`: the first of its nodes.
  bool TakeBack(RootRange<P>& range, StaticNode<P>* const* begin) {
    return roots_.Remove(range, begin);
  }

  // A task that is ready, for whoever comes first; its owner wakes.
  void AddShared(Node<P>& node, Lane lane) { lanes_.Add(node, lane); }
  // The same for several of the normal lane, in this order.
  template <class N>
  void AddAllShared(N* const* begin, N* const* end) {
    lanes_.AddAll(begin, end);
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
  bool NobodyActive() const { return ledger_.NobodyActive(); }
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
  ReadyLanes<P>& lanes() { return lanes_; }

  // More workers come at once if there is something for them, surplus ones leave after the
  // task that each is at. One that has been alone so far shares with others after its task.
  void Resize(int width) { WakeAll(ledger_.SetWidth(width)); }

  // A second bound on how many work at once, which may be 0.
  void SetMost(int most) {
    Look look{};
    if (ledger_.SetMost(most, look)) WakeAll(look);
  }

  // One more pump, if there is room.
  [[gnu::noinline]] void WakeOne() {
    if (const int slot = TryEnter(); slot != kNoSlot) Start(slot);
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

 private:
  void DeleteWorkers() {
    for (auto& worker : workers_) delete worker.load(std::memory_order_relaxed);
  }
  // Sees to it that the first `count` slots have a worker.
  void MakeWorkers(int count) {
    std::lock_guard lock(growth_lock_);
    for (int slot = used_.load(std::memory_order_relaxed); slot < count; ++slot) {
      workers_[static_cast<std::size_t>(slot)].store(new Worker<P>(*this, pool_, slot),
                                                     std::memory_order_release);
      used_.store(slot + 1, std::memory_order_seq_cst);
    }
  }

  using Look = typename PumpLedger<P>::Look;
  static void FenceFor(Look look) {
    if (look == Look::kBehindFence) P::HeavyFence();
  }

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

  // As many more pumps as there is room for, and seems to be work: one does not always
  // bring the next, where the work lies in several deques.
  void WakeAll(Look look) {
    FenceFor(look);
    for (int left = width(); left > 0 && HasRoom() && WorkVisible(); --left) WakeOne();
  }

  // Until there is nothing to do, or `until` is set. False: the pump has retired.
  bool Pump(Worker<P>& worker, const Latch<P>* until) {
    host_.OnSlot(worker.slot());
    PumpTurns turns;
    Shift shift{.until = until, .turns = &turns};
    for (;;) {
      while (Node<P>* node = PopNext(worker, shift)) {
        CountPick(shift);
        if (worker.shares() && worker.SeemsToHaveMore() && ledger_.HasRoom()) [[unlikely]]
          WakeOne();
        RunChain(worker, *node, shift);
      }
      if (HasRetired(worker)) return false;
      worker.HandInEnds();
      if (worker.SeemsToHaveMore()) continue;  // the end of a nested run made tasks ready
      if (until != nullptr && until->IsSet()) return true;
      if (!FindAndRun(worker, shift)) return true;
    }
  }

  static void CountPick(Shift& shift) { --shift.left; }
  // What comes after a number of picks, and is counted down at once: so each costs little.
  [[gnu::noinline]] void AtTurn(Shift& shift) {
    const std::uint32_t picks = shift.step - shift.left;
    shift.unfair -= picks;
    if (shift.unfair == 0) {
      shift.unfair = kFairness;
      shift.fair = shift.until == nullptr;
    }
    shift.left = shift.unfair;
    if (PumpTurns* const turns = shift.turns) {
      turns->left -= std::min(turns->left, picks);
      if (turns->left == 0) host_.OnTurns(*turns);
      shift.left = std::min(shift.left, turns->left);
    }
    shift.step = shift.left;
  }
  // A task runs in place: no pick, but a turn.
  void CountInPlace(Shift& shift) {
    if (--shift.turns->left != 0) [[likely]]
      return;
    AtTurn(shift);
    if (shift.fair) shift.step = shift.left = 0;  // at the next pick
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

  // Of the tasks at hand: what has a priority, then the worker's own; sometimes one from
  // outside, which must not wait for the end of a long run. Null: also when a pump is to retire.
  Node<P>* PopNext(Worker<P>& worker, Shift& shift) {
    if (shift.left == 0 || attention_.Needed()) [[unlikely]]
      return PopUnusual(worker, shift);
    shift.normal = true;
    return worker.Pop();
  }
  [[gnu::noinline]] Node<P>* PopUnusual(Worker<P>& worker, Shift& shift) {
    if (shift.left == 0) AtTurn(shift);
    if (ledger_.Surplus()) return nullptr;
    if (shift.until != nullptr) return PopForGraphs(worker);
    return lanes_.SeemsApart() ? PopByLane(worker, shift) : PopNormal(worker, shift);
  }
  // One of the normal lane; whoever leaves others brings the next worker.
  Node<P>* PopRanked() {
    if (!lanes_.SeemsRanked(Lane::kNormal)) return nullptr;
    Node<P>* const node = lanes_.PopRanked(Lane::kNormal);
    if (node != nullptr && lanes_.SeemsRanked(Lane::kNormal)) Wake();
    return node;
  }
  // For who works on graphs only.
  Node<P>* PopForGraphs(Worker<P>& worker) {
    for (std::size_t i = kLaneCount; lanes_.SeemsApart() && i-- > 0;) {
      if (Node<P>* const node = lanes_.PopRanked(static_cast<Lane>(i))) return node;
    }
    return worker.Pop();
  }
  Node<P>* PopNormal(Worker<P>& worker, Shift& shift) {
    shift.normal = true;
    if (std::exchange(shift.fair, false)) {
      if (Node<P>* const shared = PopShared(Lane::kNormal)) return shared;
    }
    return worker.Pop();
  }
  // While lanes are in use: strict between them, but for what has waited too long. The lowest
  // lane is left to who finds nothing else anywhere.
  Node<P>* PopByLane(Worker<P>& worker, Shift& shift) {
    if (std::exchange(shift.normal, false)) ages_.StartedMeanwhile(Lane::kNormal);
    for (const Lane lane : kAgeing) {
      if (!ages_.TakeDue(lane)) continue;
      if (Node<P>* const node = PopAged(worker, lane)) return node;
    }
    if (Node<P>* const node = PopShared(Lane::kHigh, &worker)) return node;
    Node<P>* node = nullptr;
    // Those with ranks, and the others of the lane, take turns.
    if (lanes_.SeemsRanked(Lane::kNormal) && (shift.ranked = !shift.ranked)) node = PopRanked();
    if (node == nullptr) node = PopNormal(worker, shift);
    if (node == nullptr) node = PopRanked();
    if (node != nullptr) NoteStart(Lane::kNormal, /*normal_waits=*/false);
    shift.normal = false;
    return node;
  }
  // The oldest one of the lane that is at hand.
  Node<P>* PopAged(Worker<P>& worker, Lane lane) {
    Node<P>* node = lanes_.PopFrom(lane);
    if (node == nullptr && lane == Lane::kNormal) node = worker.StealFrom();
    if (node != nullptr) NoteStart(lane, worker.SeemsToHaveMore());
    return node;
  }
  // Of one that was not at hand.
  void NoteNormalStart() {
    if (lanes_.SeemsApart()) [[unlikely]]
      NoteStart(Lane::kNormal, /*normal_waits=*/false);
  }
  // `normal_waits`: somewhere else than in the lanes.
  void NoteStart(Lane lane, bool normal_waits) {
    ages_.Started(lane, [&](Lane lower) {
      return (lower == Lane::kNormal && normal_waits) || lanes_.SeemsToWaitIn(lower);
    });
  }

  void RunChain(Worker<P>& worker, Node<P>& first, Shift& shift) {
    if (first.ops->is_task) {
      if (shift.until != nullptr) [[unlikely]] {
        // Who waits for a graph must not wait for the end of something else.
        AddShared(first, Lane::kNormal);
        return Wake();
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
      if (attention_.Needed() && (ledger_.Surplus() || !MayGoOn(*node))) [[unlikely]]
        return PutBack(worker, *node);
      if (node->ops->is_task) CountInPlace(shift);  // a graph's next node is not held back
    }
  }

  // False: a while of looking has found nothing.
  bool FindAndRun(Worker<P>& worker, Shift& shift) {
    const Latch<P>* const until = shift.until;
    // Who has given us something may be at the next, and would have to wake us for it.
    const int rounds = shift.fed ? kSearchRoundsFed : kSearchRounds;
    for (int round = 0; round < rounds; ++round) {
      if (Node<P>* node = Find(worker, shift, round)) {
        CountPick(shift);
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

  Node<P>* Find(Worker<P>& worker, Shift& shift, int round, int first_victim = 0) {
    if (shift.until != nullptr) {
      if (Node<P>* const node = PopForGraphs(worker)) return node;
    } else {
      if (lanes_.SeemsRaised()) {
        if (Node<P>* node = PopShared(Lane::kHigh, &worker)) return node;
      }
      if (Node<P>* node = PopRanked()) {
        NoteNormalStart();
        return node;
      }
      if (lanes_.SeemsToHaveNormal()) {
        if (Node<P>* node = TakeShared(worker, round)) {
          shift.fed = true;
          NoteNormalStart();
          return node;
        }
      }
    }
    if (!roots_.SeemsEmpty()) {
      const auto chunk = roots_.Take(width());
      if (!roots_.SeemsEmpty() && ledger_.HasRoom()) WakeOne();
      if (chunk.begin != chunk.end) {
        Node<P>* const first = worker.PushChunk(chunk.begin, chunk.end);
        if (order_ == ReadyOrder::kStrict) PushRestOfRoots(worker);
        return first;
      }
    }
    const int used = steals_ ? used_.load(std::memory_order_acquire) : 0;
    for (int i = 1; i < used; ++i) {
      int slot = worker.slot() + i + first_victim;
      if (i + first_victim >= used) ++slot;  // past the worker's own
      while (slot >= used) slot -= used;
      Worker<P>& victim = WorkerAt(slot);
      if (Node<P>* node = victim.StealFrom()) {
        // A chain of wake-ups: each thief that leaves something brings the next one.
        if (ledger_.HasRoom() && victim.HasWork()) WakeOne();
        NoteNormalStart();
        return node;
      }
    }
    return shift.until == nullptr ? PopShared(Lane::kLow, &worker) : nullptr;
  }

  // One task; whoever leaves others brings the next worker. `counts_for`: whose start it is; null:
  // it is counted elsewhere.
  Node<P>* PopShared(Lane lowest, const Worker<P>* counts_for = nullptr) {
    Lane lane{};
    Node<P>* const node = lanes_.Pop(lowest, lane);
    if (node == nullptr) return nullptr;
    if (lanes_.SeemsToHave(lowest)) Wake();
    if (counts_for != nullptr) NoteStart(lane, counts_for->SeemsToHaveMore());
    return node;
  }

  // The oldest of the tasks from outside; more of them move to the worker's deque.
  Node<P>* TakeShared(Worker<P>& worker, int round) {
    if (lanes_.normal_size() == 0) {
      // One who has only just begun lets some come together: each turn costs those who
      // add a cache miss.
      if (round < kPatience) return nullptr;
      lanes_.TurnOver();
    }
    Node<P>* taken[kMaxTaken];
    const std::size_t share = lanes_.normal_size() / static_cast<std::size_t>(width());
    std::size_t count = 0;
    lanes_.Take(std::clamp<std::size_t>(share, 1, kMaxTaken),
                [&](Node<P>& node) { taken[count++] = &node; });
    if (count == 0) return nullptr;
    if (lanes_.SeemsToHaveNormal()) Wake();
    worker.PushAll(taken + 1, taken + count);
    return taken[0];
  }

  // They are ready before anything that the first of them makes ready.
  void PushRestOfRoots(Worker<P>& worker) {
    while (!roots_.SeemsEmpty()) {
      const auto chunk = roots_.Take(width());
      worker.PushAll(chunk.begin, chunk.end);
    }
  }

  // kNoSlot: the pump has left, and there was nothing for it to do.
  int LeaveAndLook(int slot) {
    FenceFor(ledger_.Leave(slot));
    return WorkVisible() ? TryEnter() : kNoSlot;
  }
  static constexpr int kSearchRounds = EngineShape<P>::kSearchRounds;
  static constexpr int kSearchRoundsFed = EngineShape<P>::kSearchRoundsFed;
  static constexpr std::uint32_t kFairness = 61;
  static constexpr Lane kAgeing[] = {Lane::kLow, Lane::kNormal, Lane::kHigh};
  static constexpr std::size_t kMaxTaken = 64;
  static constexpr int kPatience = EngineShape<P>::kSearchRounds / 8;

  const ReadyOrder order_;
  const bool steals_;
  const NodePool<P>& pool_;
  RunLoopHost& host_;
  Attention<P> attention_;
  alignas(64) PumpLedger<P> ledger_;
  alignas(64) ReadyLanes<P> lanes_;
  LaneAges<P> ages_;
  alignas(64) RootQueue<P> roots_;
  // Those of replacements are made when they first come, in the order of their slots.
  std::vector<typename P::template Atomic<Worker<P>*>> workers_;
  // All slots below it have a worker; acquire to see them.
  typename P::template Atomic<int> used_{0};
  typename P::Lock growth_lock_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RUN_LOOP_H_
