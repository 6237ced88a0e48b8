// SPDX-License-Identifier: Apache-2.0
//
// Ready tasks that all workers share: those from outside, and those with a priority or a rank.

#ifndef WEFT_SCHEDULER_INTERNAL_READY_LANES_H_
#define WEFT_SCHEDULER_INTERNAL_READY_LANES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/attention.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/overflow.h"
#include "weft/scheduler/internal/ranked_heap.h"

namespace weft::internal {

// One list per lane; first in, first out inside each; and one heap per lane, of nodes of graphs
// that have ranks. Where both have something they take turns. Adding never allocates.
//
// What comes into the normal lane is first put onto a stack without a lock, which whoever
// takes turns over as a whole. What two turn over at the same moment may change places.
//
// Thread safety: every method from any thread.
// Cost: adding to the normal lane is one locked instruction, to the others a lock; taking
// is a lock; looking whether there is something is one load a lane.
template <class P>
class ReadyLanes {
 public:
  // `attention` is told how many lie apart from the normal lane.
  ReadyLanes(const NodePool<P>& pool, Attention<P>& attention)
      : pool_(pool),
        attention_(attention),
        lanes_{Overflow<P>(pool), Overflow<P>(pool), Overflow<P>(pool), Overflow<P>(pool)} {}

  void Add(Node<P>& node, Lane lane) {
    if (lane == Lane::kNormal) return AddToInbox(node);
    At(lane).Add(node);
    attention_.AddApart(1);
    // relaxed: a hint, also where it is read.
    if (lane > Lane::kNormal) raised_.fetch_add(1, std::memory_order_relaxed);
  }

  // Room for so many nodes with a rank in each lane, until Release. Throws std::bad_alloc.
  using RankedCounts = std::array<std::size_t, kLaneCount>;
  void Reserve(const RankedCounts& counts) {
    std::size_t done = 0;
    try {
      for (; done < kLaneCount; ++done) ranked_[done].Reserve(counts[done]);
    } catch (...) {
      for (std::size_t i = 0; i < done; ++i) ranked_[i].Release(counts[i]);
      throw;
    }
  }
  void Release(const RankedCounts& counts) {
    for (std::size_t i = 0; i < kLaneCount; ++i) ranked_[i].Release(counts[i]);
  }
  // A node of a graph that has a rank. False: there is no room.
  bool AddRanked(Node<P>& node) {
    const std::uint32_t rank = RankOf(node);
    const Lane lane = LaneInRank(rank);
    if (!RankedAt(lane).Push(node, rank)) return false;
    attention_.AddApart(1);
    if (lane > Lane::kNormal) raised_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  // Several to the normal lane, the first one first.
  template <class N>
  void AddAll(N* const* begin, N* const* end) {
    for (N* const* at = begin; at != end && at + 1 != end; ++at) {
      // relaxed: published with the last one.
      at[1]->link.store(NodePool<P>::IndexOf(**at), std::memory_order_relaxed);
    }
    if (begin != end) AddToInbox(**begin, **(end - 1));
  }

  // seq_cst: either half of the handshake in pump_ledger.h.
  bool empty() const {
    if (inbox_.load(std::memory_order_seq_cst) != 0) return false;
    for (const Overflow<P>& lane : lanes_) {
      if (!lane.empty()) return false;
    }
    for (const RankedHeap<P>& heap : ranked_) {
      if (!heap.empty()) return false;
    }
    return true;
  }
  // Hints: whether any lane but the normal one, one above it, or that lane, seems to have
  // something.
  bool SeemsApart() const { return attention_.apart() > 0; }
  bool SeemsRaised() const { return raised_.load(std::memory_order_relaxed) > 0; }
  // Whether what has become ready with that rank may run before all that lies here; 0: it has none.
  bool SeemsFirst(std::uint32_t rank) const {
    if (!SeemsApart()) return true;
    if (rank == 0) return false;
    const Lane lane = LaneInRank(rank);
    // Who goes on does not count its starts: nothing else must grow old meanwhile.
    const auto here = static_cast<std::int64_t>(RankedAt(lane).SeemsSize());
    return attention_.apart() <= here && RankedAt(lane).top() <= rank;
  }
  bool SeemsRanked(Lane lane) const { return !RankedAt(lane).SeemsEmpty(); }
  bool SeemsToHaveNormal() const { return !At(Lane::kNormal).SeemsEmpty() || InboxSeemsFilled(); }
  bool InboxSeemsFilled() const { return inbox_.load(std::memory_order_relaxed) != 0; }
  bool SeemsToWaitIn(Lane lane) const {
    if (SeemsRanked(lane)) return true;
    return lane == Lane::kNormal ? SeemsToHaveNormal() : !At(lane).SeemsEmpty();
  }
  bool SeemsToHave(Lane lowest) const {
    if (SeemsRaised()) return true;
    if (lowest > Lane::kNormal) return false;
    return SeemsToWaitIn(Lane::kNormal) || (lowest == Lane::kLow && SeemsToWaitIn(Lane::kLow));
  }
  // Without what nobody has turned over yet.
  std::size_t normal_size() const { return At(Lane::kNormal).size(); }
  std::size_t size() const {
    std::size_t all = 0;
    for (const Overflow<P>& lane : lanes_) all += lane.size();
    return all;
  }

  // The oldest of the highest lane from `lowest` up; null: none. `lane`: where it was.
  Node<P>* Pop(Lane lowest, Lane& lane) {
    for (std::size_t i = kLaneCount; i-- > static_cast<std::size_t>(lowest);) {
      lane = static_cast<Lane>(i);
      if (Node<P>* const first = PopFrom(lane)) return first;
    }
    return nullptr;
  }
  Node<P>* Pop(Lane lowest) {
    Lane lane{};
    return Pop(lowest, lane);
  }
  // The oldest of that lane, or the first of those with a rank; null: none.
  Node<P>* PopFrom(Lane lane) {
    if (SeemsRanked(lane)) [[unlikely]] {
      // relaxed: whose turn it is need not be exact.
      const bool ranked = turns_.fetch_add(1, std::memory_order_relaxed) % 2 == 0;
      if (Node<P>* const first = ranked ? PopRanked(lane) : PopListed(lane)) return first;
      return ranked ? PopListed(lane) : PopRanked(lane);
    }
    return PopListed(lane);
  }
  Node<P>* PopRanked(Lane lane) {
    Node<P>* const node = RankedAt(lane).Pop();
    if (node == nullptr) return nullptr;
    attention_.AddApart(-1);
    if (lane > Lane::kNormal) raised_.fetch_sub(1, std::memory_order_relaxed);
    return node;
  }
  // As RankedHeap::TakeBack.
  template <class F>
  void TakeBackRanked(const Scope<P>& scope, F took) {
    for (std::size_t i = 0; i < kLaneCount; ++i) {
      ranked_[i].TakeBack(scope, [&](Node<P>& node) {
        attention_.AddApart(-1);
        if (static_cast<Lane>(i) > Lane::kNormal) raised_.fetch_sub(1, std::memory_order_relaxed);
        took(node);
      });
    }
  }
  Node<P>* PopListed(Lane lane) {
    if (lane == Lane::kNormal) TurnOver();
    if (At(lane).SeemsEmpty()) return nullptr;
    Node<P>* first = nullptr;
    At(lane).Take(1, [&first](Node<P>& node) { first = &node; });
    if (first != nullptr) NoteTaken(lane, 1);
    return first;
  }
  // Up to `most` of the normal lane, oldest first.
  template <class F>
  std::size_t Take(std::size_t most, F take) {
    return At(Lane::kNormal).Take(most, take);
  }
  // Moves what has come in to where Take finds it, oldest first.
  void TurnOver() {
    if (!InboxSeemsFilled()) return;
    // seq_cst: who finds the inbox empty finds the lane full, or somebody who is about to
    // take from it. acquire: the nodes are seen as they were added.
    std::uint32_t at = inbox_.exchange(0, std::memory_order_seq_cst);
    if (at == 0) return;
    Node<P>* const last = &pool_.NodeOf(at);
    Node<P>* first = nullptr;
    std::size_t count = 0;
    for (; at != 0; ++count) {
      Node<P>& node = pool_.NodeOf(at);
      // relaxed, all links: the exchange came after they were written.
      at = node.link.load(std::memory_order_relaxed);
      node.link.store(first == nullptr ? 0 : NodePool<P>::IndexOf(*first),
                      std::memory_order_relaxed);
      first = &node;
    }
    At(Lane::kNormal).Splice(*first, *last, count);
  }

  // For one worker, when nobody else takes: calls drop(node) with each, in the order of
  // Pop, and takes out those for which it is true, until done().
  template <class Drop, class Done>
  void Sweep(Drop drop, Done done) {
    TurnOver();
    for (std::size_t i = kLaneCount; i-- > 0 && !done();) {
      NoteTaken(static_cast<Lane>(i), static_cast<std::int64_t>(lanes_[i].Sweep(drop, done)));
    }
  }

 private:
  RankedHeap<P>& RankedAt(Lane lane) { return ranked_[static_cast<std::size_t>(lane)]; }
  const RankedHeap<P>& RankedAt(Lane lane) const { return ranked_[static_cast<std::size_t>(lane)]; }
  Overflow<P>& At(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  const Overflow<P>& At(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)]; }
  void NoteTaken(Lane lane, std::int64_t nodes) {
    if (lane == Lane::kNormal) return;
    attention_.AddApart(-nodes);
    if (lane > Lane::kNormal) raised_.fetch_sub(nodes, std::memory_order_relaxed);
  }

  void AddToInbox(Node<P>& node) { AddToInbox(node, node); }
  // A list that is linked from the last one to the first.
  void AddToInbox(Node<P>& first, Node<P>& last) {
    const std::uint32_t index = NodePool<P>::IndexOf(last);
    std::uint32_t newest = inbox_.load(std::memory_order_relaxed);
    do {
      first.link.store(newest, std::memory_order_relaxed);
      // seq_cst: publishes the nodes; and before the look for sleepers.
    } while (!inbox_.compare_exchange_weak(newest, index, std::memory_order_seq_cst,
                                           std::memory_order_relaxed));
  }

  const NodePool<P>& pool_;
  Attention<P>& attention_;
  alignas(64) typename P::template Atomic<std::uint32_t> inbox_{0};  // the newest; a stack
  alignas(64) std::array<Overflow<P>, kLaneCount> lanes_;
  alignas(64) typename P::template Atomic<std::int64_t> raised_{0};
  alignas(64) std::array<RankedHeap<P>, kLaneCount> ranked_;
  typename P::template Atomic<std::uint32_t> turns_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_READY_LANES_H_
