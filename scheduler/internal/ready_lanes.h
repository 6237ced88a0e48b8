// SPDX-License-Identifier: Apache-2.0
//
// Ready tasks that all workers share: those from outside, and those with a priority.

#ifndef WEFT_SCHEDULER_INTERNAL_READY_LANES_H_
#define WEFT_SCHEDULER_INTERNAL_READY_LANES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/overflow.h"

namespace weft::internal {

// One list per lane; first in, first out inside each. Adding never allocates.
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
  explicit ReadyLanes(const NodePool<P>& pool)
      : pool_(pool),
        lanes_{Overflow<P>(pool), Overflow<P>(pool), Overflow<P>(pool), Overflow<P>(pool)} {}

  void Add(Node<P>& node, Lane lane) {
    if (lane == Lane::kNormal) return AddToInbox(node);
    At(lane).Add(node);
    // relaxed, both: hints, also where they are read.
    apart_.fetch_add(1, std::memory_order_relaxed);
    if (lane > Lane::kNormal) raised_.fetch_add(1, std::memory_order_relaxed);
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
    return true;
  }
  // Hints: whether any lane but the normal one, one above it, or that lane, seems to have
  // something.
  bool SeemsApart() const { return apart_.load(std::memory_order_relaxed) > 0; }
  bool SeemsRaised() const { return raised_.load(std::memory_order_relaxed) > 0; }
  bool SeemsToHaveNormal() const { return !At(Lane::kNormal).SeemsEmpty() || InboxSeemsFilled(); }
  bool InboxSeemsFilled() const { return inbox_.load(std::memory_order_relaxed) != 0; }
  bool SeemsToWaitIn(Lane lane) const {
    return lane == Lane::kNormal ? SeemsToHaveNormal() : !At(lane).SeemsEmpty();
  }
  bool SeemsToHave(Lane lowest) const {
    if (SeemsRaised()) return true;
    if (lowest > Lane::kNormal) return false;
    return SeemsToHaveNormal() || (lowest == Lane::kLow && !At(Lane::kLow).SeemsEmpty());
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
  // The oldest of that lane; null: none.
  Node<P>* PopFrom(Lane lane) {
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
  Overflow<P>& At(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  const Overflow<P>& At(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)]; }
  void NoteTaken(Lane lane, std::int64_t nodes) {
    if (lane == Lane::kNormal) return;
    apart_.fetch_sub(nodes, std::memory_order_relaxed);
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
  alignas(64) typename P::template Atomic<std::uint32_t> inbox_{0};  // the newest; a stack
  alignas(64) std::array<Overflow<P>, kLaneCount> lanes_;
  // Looked at in every step of a worker: in a line that no other write disturbs.
  alignas(64) typename P::template Atomic<std::int64_t> apart_{0};
  typename P::template Atomic<std::int64_t> raised_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_READY_LANES_H_
