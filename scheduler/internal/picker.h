// SPDX-License-Identifier: Apache-2.0
//
// What a worker runs next: of its own, of what all share, of what others have; by lane, by age,
// and by turns.

#ifndef WEFT_SCHEDULER_INTERNAL_PICKER_H_
#define WEFT_SCHEDULER_INTERNAL_PICKER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weft/scheduler/internal/crew.h"
#include "weft/scheduler/internal/lane_ages.h"
#include "weft/scheduler/internal/latch.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/ready_lanes.h"
#include "weft/scheduler/internal/root_queue.h"
#include "weft/scheduler/internal/run_loop_host.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::internal {

// The part of a RunLoop that picks. Whoever leaves more than it takes brings the next worker.
//
// Thread safety: every method from any thread, with a worker and a shift that are its own.
template <class P>
class Picker : public Crew<P> {
  using Base = Crew<P>;

 public:
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
    Worker<P>& worker = this->WorkerAt(slot);
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

 protected:
  using Base::attention_, Base::host_, Base::ledger_, Base::lanes_, Base::roots_;
  using Base::Base;
  ~Picker() = default;

  static void CountPick(Shift& shift) { --shift.left; }
  // A task runs in place: no pick, but a turn.
  void CountInPlace(Shift& shift) {
    if (--shift.turns->left != 0) [[likely]]
      return;
    AtTurn(shift);
    if (shift.fair) shift.step = shift.left = 0;  // at the next pick
  }

  // Of the tasks at hand: what has a priority, then the worker's own; sometimes one from
  // outside, which must not wait for the end of a long run. Null: also when a pump is to retire.
  Node<P>* PopNext(Worker<P>& worker, Shift& shift) {
    if (shift.left == 0 || attention_.Needed()) [[unlikely]]
      return PopUnusual(worker, shift);
    shift.normal = true;
    return worker.Pop();
  }

  // When nothing is at hand: from anywhere. `round`: so often in vain before.
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
      const auto chunk = roots_.Take(this->width());
      if (!roots_.SeemsEmpty() && ledger_.HasRoom()) this->WakeOne();
      if (chunk.begin != chunk.end) {
        Node<P>* const first = worker.PushChunk(chunk.begin, chunk.end);
        if (this->order() == ReadyOrder::kStrict) PushRestOfRoots(worker);
        return first;
      }
    }
    const int used = this->steals() ? this->used_slots() : 0;
    for (int i = 1; i < used; ++i) {
      int slot = worker.slot() + i + first_victim;
      if (i + first_victim >= used) ++slot;  // past the worker's own
      while (slot >= used) slot -= used;
      Worker<P>& victim = this->WorkerAt(slot);
      if (Node<P>* node = victim.StealFrom()) {
        // A chain of wake-ups: each thief that leaves something brings the next one.
        if (ledger_.HasRoom() && victim.HasWork()) this->WakeOne();
        NoteNormalStart();
        return node;
      }
    }
    return shift.until == nullptr ? PopShared(Lane::kLow, &worker) : nullptr;
  }

 private:
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
    if (node != nullptr && lanes_.SeemsRanked(Lane::kNormal)) this->Wake();
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

  // One task; whoever leaves others brings the next worker. `counts_for`: whose start it is; null:
  // it is counted elsewhere.
  Node<P>* PopShared(Lane lowest, const Worker<P>* counts_for = nullptr) {
    Lane lane{};
    Node<P>* const node = lanes_.Pop(lowest, lane);
    if (node == nullptr) return nullptr;
    if (lanes_.SeemsToHave(lowest)) this->Wake();
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
    const std::size_t share = lanes_.normal_size() / static_cast<std::size_t>(this->width());
    std::size_t count = 0;
    lanes_.Take(std::clamp<std::size_t>(share, 1, kMaxTaken),
                [&](Node<P>& node) { taken[count++] = &node; });
    if (count == 0) return nullptr;
    if (lanes_.SeemsToHaveNormal()) this->Wake();
    worker.PushAll(taken + 1, taken + count);
    return taken[0];
  }
  // They are ready before anything that the first of them makes ready.
  void PushRestOfRoots(Worker<P>& worker) {
    while (!roots_.SeemsEmpty()) {
      const auto chunk = roots_.Take(this->width());
      worker.PushAll(chunk.begin, chunk.end);
    }
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

  static constexpr std::uint32_t kFairness = 61;
  static constexpr Lane kAgeing[] = {Lane::kLow, Lane::kNormal, Lane::kHigh};
  static constexpr std::size_t kMaxTaken = 64;
  static constexpr int kPatience = EngineShape<P>::kSearchRounds / 8;

  alignas(64) LaneAges<P> ages_;  // written while lanes are in use: a line of its own
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_PICKER_H_
