// SPDX-License-Identifier: Apache-2.0
//
// What lies in the deques, and what becomes of it: a node of a graph or a task of a
// group, each in one cache line.

#ifndef WEFT_SCHEDULER_INTERNAL_NODE_H_
#define WEFT_SCHEDULER_INTERNAL_NODE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "weft/distribution/ready_order.h"

namespace weft::internal {

// Sizes. A test platform has smaller ones, so that what is rare comes often.
template <class P>
struct EngineShape {
  static constexpr std::uint32_t kSlabNodes = 1024;
  static constexpr std::uint32_t kChunkNodes = 1 << 16;
  static constexpr std::size_t kMaxChunks = std::size_t{1} << 14;
  static constexpr std::size_t kDequeCapacity = 1024;
  static constexpr int kSearchRounds = 64;
  static constexpr int kSearchRoundsFed = 256;
  static constexpr std::uint32_t kCalmAfter = 1 << 14;
  static constexpr int kMaxReplacements = 256;
  static constexpr std::uint32_t kCacheBatch = 64;
};

template <class P>
struct Node;
template <class P>
class Scope;
template <class P>
class Worker;

// What a kind of callable does, shared by all nodes of that kind.
template <class P>
struct NodeOps {
  // Runs the node and ends it. Returns the node that the worker runs next, one that
  // has just become ready, or null. A loop calls this: nothing recurses.
  Node<P>* (*step)(Node<P>& node, Worker<P>& worker) noexcept;
  // Destroys the callable of a graph's node; null when there is nothing to destroy. May
  // throw.
  void (*destroy)(Node<P>& node) = nullptr;
  // A task of a group, not a node of a graph.
  bool is_task = false;
};

// Thread safety: `ops` and `scope` are constant while others can see the node; `link`
// belongs to the queue that the node is in.
template <class P>
struct Node {
  const NodeOps<P>* ops = nullptr;
  Scope<P>* scope = nullptr;
  // The node after this one in an Overflow, by its index in the pool; 0: none. While a
  // graph is being built, the node's place in it.
  typename P::template Atomic<std::uint32_t> link{0};
};

inline constexpr std::size_t kPayloadSize = 24;

// Of a node's word: above the flags its rank, a lane and then how long its way to the end is. 0: it
// has none.
inline constexpr int kRankShift = 8;
inline constexpr int kRankBits = 22;
constexpr Lane LaneInRank(std::uint32_t rank) { return static_cast<Lane>(rank >> kRankBits); }

// A node of a graph.
//
// Thread safety: constant once the graph is frozen, but for `word`.
template <class P>
struct alignas(64) StaticNode : Node<P> {
  // What predecessors tell of their ends, and what the user said (graph_core.h).
  typename P::template Atomic<std::uint32_t> word{0};
  StaticNode* const* successors = nullptr;
  std::uint32_t successor_count = 0;
  std::uint32_t in_degree = 0;
  // The callable, or where it is.
  static constexpr std::size_t kPayloadSize = internal::kPayloadSize;
  alignas(8) std::byte payload[kPayloadSize];
};

template <class P>
std::uint32_t RankOf(const Node<P>& node) {
  if (node.ops->is_task) return 0;
  // relaxed: it is constant during a run.
  return static_cast<const StaticNode<P>&>(node).word.load(std::memory_order_relaxed) >> kRankShift;
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_NODE_H_
