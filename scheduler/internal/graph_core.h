// SPDX-License-Identifier: Apache-2.0
//
// A frozen graph at work: how its nodes end, and make others ready.

#ifndef WEFT_SCHEDULER_INTERNAL_GRAPH_CORE_H_
#define WEFT_SCHEDULER_INTERNAL_GRAPH_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weft/core/task_state.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/run_loop.h"
#include "weft/scheduler/internal/scope.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::internal {

// How a node that did not complete ended.
enum class GraphEnd { kFailed, kCancelled, kSkipped };

// The part of a graph that workers touch. Each node ends once in each run, whether its
// body runs or not, through End, which walks its successors. A node is back in its
// first state when it has ended: the next run needs no reset.
//
// What predecessors change lies apart from the nodes, dense: most of an arrival's cost
// is the cache line that it touches.
//
// Thread safety: by workers, during a run.
// Cost: ending a node is O(its successors), with at most one locked instruction each.
template <class P>
class GraphCore : public CountedScope<P> {
 public:
  // Bits of Node::word. The first two are set by predecessors, in each run anew.
  static constexpr std::uint32_t kDoomed = 1;     // a predecessor did not complete
  static constexpr std::uint32_t kNotTaken = 2;   // a condition chose another successor
  static constexpr std::uint32_t kRunAnyway = 4;  // kDoomed does not matter
  static constexpr std::uint32_t kCondition = 8;  // successors are numbered, to be chosen from
  static constexpr std::uint32_t kNested = 16;    // another graph
  static constexpr std::uint32_t kNoted = 32;  // of a special run: with kRunBits, what is unusual
  static constexpr std::uint32_t kRunBits = kDoomed | kNotTaken;
  // With kDoomed: for a failure or a cancel, and not only because a condition chose another.
  static constexpr std::uint32_t kByFailure = 64;

  // Whether the body of a ready node may run.
  bool MayRun(const StaticNode<P>& node) const {
    // relaxed: Arrive has made the predecessors' writes visible.
    const std::uint32_t word = node.word.load(std::memory_order_relaxed);
    if ((word & kRunBits) != 0) [[unlikely]] {
      if ((word & (kRunBits | kRunAnyway)) != (kDoomed | kRunAnyway)) return false;
    }
    return !this->stopped();
  }
  // The same for who starts it then: a special run hears of it.
  bool MayStart(const StaticNode<P>& node, Worker<P>& worker) {
    // relaxed: as in MayRun.
    const std::uint32_t word = node.word.load(std::memory_order_relaxed);
    if ((word & (kRunBits | kNoted)) != 0) [[unlikely]]
      return MayStartMarked(node, worker);
    return !this->stopped();
  }

  StaticNode<P>* EndCompleted(StaticNode<P>& node, Worker<P>& worker) {
    const std::uint32_t word = node.word.load(std::memory_order_relaxed);
    if ((word & (kRunBits | kNoted)) != 0) [[unlikely]]
      return EndMarked(node, worker);
    return Walk(
        node, worker, [](StaticNode<P>&) {}, Plainly{});
  }
  [[gnu::noinline]] StaticNode<P>* EndOtherwise(StaticNode<P>& node, Worker<P>& worker,
                                                GraphEnd how) {
    counts_[static_cast<std::size_t>(how)].fetch_add(1, std::memory_order_relaxed);
    if (special_) NoteEnd(node, StateOf(how), worker);
    const std::uint32_t bits =
        how == GraphEnd::kSkipped && !SkippedByFailure(node) ? kDoomed : kDoomed | kByFailure;
    return End(
        node, worker, [bits](StaticNode<P>& successor) { Doom(successor, bits); },
        Specially{*this, node, worker});
  }
  // A ready node that may not run.
  [[gnu::noinline]] StaticNode<P>* EndUnrun(StaticNode<P>& node, Worker<P>& worker) {
    return EndOtherwise(node, worker, IsSkipped(node) ? GraphEnd::kSkipped : GraphEnd::kCancelled);
  }
  // A condition that completed: all successors but number `taken`, which may have other
  // numbers too, are skipped.
  StaticNode<P>* EndCondition(StaticNode<P>& node, Worker<P>& worker, std::uint32_t taken) {
    const StaticNode<P>* const chosen =
        taken < node.successor_count ? node.successors[taken] : nullptr;
    if (FailLate(node)) return EndOtherwise(node, worker, GraphEnd::kFailed);
    if (special_) NoteEnd(node, TaskState::kCompleted, worker);
    return End(
        node, worker,
        [chosen](StaticNode<P>& successor) {
          if (&successor != chosen) Doom(successor, kNotTaken);
        },
        Specially{*this, node, worker});
  }

  std::int64_t count(GraphEnd how) const {
    // relaxed: read after the run, whose end orders it.
    return counts_[static_cast<std::size_t>(how)].load(std::memory_order_relaxed);
  }

 protected:
  ~GraphCore() = default;

  // A run that somebody observes, that has a deadline, whose nodes have ranks, or that learns what
  // they cost: all are kNoted.
  void SetSpecial(bool special, bool ranked) {
    special_ = special;
    ranked_ = ranked;
  }
  bool special() const { return special_; }
  // Of a ready node: because of what became of those before it.
  static bool IsSkipped(const StaticNode<P>& node) {
    // relaxed: as in MayRun.
    const std::uint32_t word = node.word.load(std::memory_order_relaxed);
    return (word & kNotTaken) != 0 || (word & (kRunBits | kRunAnyway)) == kDoomed;
  }
  // Of a node that is skipped; otherwise a condition chose another.
  static bool SkippedByFailure(const StaticNode<P>& node) {
    // relaxed: as in MayRun.
    return (node.word.load(std::memory_order_relaxed) & kByFailure) != 0;
  }
  bool ranked() const { return ranked_; }
  // Of such a run: a node starts and ends; its successor is told so, and may become ready.
  virtual void NoteStart(const StaticNode<P>&, Worker<P>&) noexcept {}
  virtual void NoteEnd(StaticNode<P>&, TaskState, Worker<P>&) noexcept {}
  virtual void NoteReleased(StaticNode<P>&, StaticNode<P>&, Worker<P>&) noexcept {}
  virtual void NoteReady(StaticNode<P>&, StaticNode<P>&, Worker<P>&) noexcept {}
  // Of one that has been stopped: true when its deadline has passed; then the node has failed.
  virtual bool RecordLate(StaticNode<P>&) noexcept { return false; }

  void ResetCounts() {
    for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
  }

 private:
  // What becomes of the successors: of most runs,
  struct Plainly {
    static constexpr bool ranked() { return false; }
    void Released(StaticNode<P>&) const {}
    void Ready(StaticNode<P>&) const {}
  };
  // and of any.
  struct Specially {
    GraphCore& graph;
    StaticNode<P>& node;
    Worker<P>& worker;
    bool ranked() const { return graph.ranked_ && !worker.apart() && !worker.strict(); }
    void Released(StaticNode<P>& successor) const {
      if (graph.special_) graph.NoteReleased(node, successor, worker);
    }
    void Ready(StaticNode<P>& successor) const {
      if (graph.special_) graph.NoteReady(node, successor, worker);
    }
  };
  static TaskState StateOf(GraphEnd how) {
    return how == GraphEnd::kFailed      ? TaskState::kFailed
           : how == GraphEnd::kCancelled ? TaskState::kCancelled
                                         : TaskState::kSkipped;
  }
  [[gnu::noinline]] bool MayStartMarked(const StaticNode<P>& node, Worker<P>& worker) {
    if (!MayRun(node)) return false;
    if (special_) NoteStart(node, worker);
    return true;
  }
  bool FailLate(StaticNode<P>& node) { return special_ && this->stopped() && RecordLate(node); }
  [[gnu::noinline]] StaticNode<P>* EndMarked(StaticNode<P>& node, Worker<P>& worker) {
    if (FailLate(node)) return EndOtherwise(node, worker, GraphEnd::kFailed);
    if (special_) NoteEnd(node, TaskState::kCompleted, worker);
    return End(
        node, worker, [](StaticNode<P>&) {}, Specially{*this, node, worker});
  }
  // `next`: the successor that runs next, so far.
  void PlaceByRank(StaticNode<P>*& next, StaticNode<P>& ready, Worker<P>& worker) {
    StaticNode<P>* later = &ready;
    if (next == nullptr || RankOf(ready) > RankOf(*next)) std::swap(next, later);
    if (later != nullptr) worker.loop().PutBack(worker, *later);
  }

  static void Doom(StaticNode<P>& successor, std::uint32_t bit) {
    // relaxed: the arrival that follows publishes it. One instruction, for several
    // predecessors may do this at once.
    successor.word.fetch_or(bit, std::memory_order_relaxed);
  }

  // Whether the predecessor that calls this is the last: what all of them did is
  // visible then. Each calls once per run.
  static bool Arrive(typename NodePool<P>::JoinCounter& join, bool alone) {
    // acquire: pairs with the arrivals of the others.
    const std::uint32_t missing = join.load(std::memory_order_acquire);
    if (missing == 1) return true;  // ours: no locked instruction, also for an only predecessor
    if (alone) {
      join.store(missing - 1, std::memory_order_relaxed);
      return false;
    }
    return join.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  template <class Before, class How>
  StaticNode<P>* End(StaticNode<P>& node, Worker<P>& worker, Before before, How how) {
    // relaxed, both: the end of the run comes between this and the next run.
    if (const std::uint32_t word = node.word.load(std::memory_order_relaxed);
        (word & kRunBits) != 0) {
      node.word.store(word & ~(kRunBits | kByFailure), std::memory_order_relaxed);
    }
    return Walk(node, worker, before, how);
  }
  // The same for one without kRunBits. `before` is called with each successor before the arrival
  // there.
  template <class Before, class How>
  StaticNode<P>* Walk(StaticNode<P>& node, Worker<P>& worker, Before before, How how) {
    // relaxed: as in End. A counter that started at one is never written.
    if (node.in_degree > 1) {
      NodePool<P>::JoinOf(node).store(node.in_degree, std::memory_order_relaxed);
    }
    const bool alone = worker.alone();
    StaticNode<P>* next = nullptr;
    bool pushed = false;
    for (std::uint32_t i = 0; i < node.successor_count; ++i) {
      StaticNode<P>& successor = *node.successors[i];
      before(successor);
      how.Released(successor);
      if (!Arrive(NodePool<P>::JoinOf(successor), alone)) {
        __builtin_prefetch(&successor);  // somebody is about to run it
        continue;
      }
      how.Ready(successor);
      if (how.ranked()) {
        PlaceByRank(next, successor, worker);
      } else if (next == nullptr && !worker.strict()) {  // runs next, in place; docs/decisions/0007
        next = &successor;
      } else {
        worker.Push(successor);
        pushed = true;
      }
    }
    worker.CountEnd(*this);
    if (pushed) worker.Announce();
    return next;
  }

  bool special_ = false;  // constant during a run, as is ranked_
  bool ranked_ = false;
  typename P::template Atomic<std::int64_t> counts_[3] = {};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GRAPH_CORE_H_
