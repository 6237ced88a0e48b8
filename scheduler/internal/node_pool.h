// SPDX-License-Identifier: Apache-2.0
//
// Memory for nodes: slabs that are kept when a graph goes, for the next one.

#ifndef WEFT_SCHEDULER_INTERNAL_NODE_POOL_H_
#define WEFT_SCHEDULER_INTERNAL_NODE_POOL_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#include "weft/scheduler/internal/chunk_memory.h"
#include "weft/scheduler/internal/edge_list.h"
#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft::internal {

// Room for what a pool gives room to: one node, task or block of edges.
template <class P>
struct alignas(64) Cell {
  static constexpr std::size_t kSize =
      std::max({sizeof(StaticNode<P>), sizeof(TaskNode<P>), sizeof(EdgeBlock<P>)});
  template <class T>
  T& As() {
    return *std::launder(reinterpret_cast<T*>(bytes));
  }
  std::byte bytes[kSize];
};

// Room for kSlabNodes nodes, one after the other.
template <class P>
using Slab = Cell<P>*;

// Nodes lie in chunks at addresses that are multiples of the chunk's size. The head of a
// chunk has its number, a join counter for each of its nodes, and the owner of each of
// its slabs: so all of them follow from a node's address. The counters lie apart from the nodes,
// dense, because most of an arrival's cost is the cache line that it touches.
//
// Shared by all schedulers and graphs of the process while there are any: a graph is
// built before it meets a scheduler.
//
// Thread safety: every method from any thread.
// Cost: a lock; one allocation for kSlabsPerChunk slabs when none is free.
template <class P>
class NodePool {
 public:
  static constexpr std::uint32_t kSlabNodes = EngineShape<P>::kSlabNodes;
  using JoinCounter = typename P::template Atomic<std::uint32_t>;

  NodePool() = default;
  NodePool(const NodePool&) = delete;
  NodePool& operator=(const NodePool&) = delete;
  // Requires: every slab was released.
  ~NodePool() {
    for (Chunk* chunk : chunks_) FreeChunk(chunk, kChunkBytes);
  }

  // Throws std::bad_alloc.
  Slab<P> Acquire() {
    std::lock_guard lock(lock_);
    if (free_.empty()) Grow();
    const Slab<P> slab = free_.back();
    free_.pop_back();
    for (std::uint32_t i = 0; i < kSlabNodes; ++i) ::new (&JoinAt(&slab[i])) JoinCounter(0);
    return slab;
  }
  void Release(Slab<P> slab) {
    SetOwner(slab, nullptr);
    std::lock_guard lock(lock_);
    free_.push_back(slab);  // never allocates: Grow made room for every slab
  }

  // Another name of a node, half as long as its address and never 0.
  static std::uint32_t IndexOf(const Node<P>& node) {
    const Place place(&node);
    return place.chunk->number * kChunkNodes + place.position;
  }
  Node<P>& NodeOf(std::uint32_t index) const {
    // relaxed: whoever made the index known also made known how it came about.
    Chunk* const chunk = directory_[index / kChunkNodes].load(std::memory_order_relaxed);
    return chunk->CellAt(index % kChunkNodes).template As<Node<P>>();
  }
  // The same for an index from outside, which may be of no node: null then, or when the
  // slab that it is in does not belong to `owner`.
  Node<P>* NodeOf(std::uint32_t index, const void* owner) const {
    if (index / kChunkNodes >= kMaxChunks) return nullptr;
    Chunk* const chunk = directory_[index / kChunkNodes].load(std::memory_order_acquire);
    if (chunk == nullptr) return nullptr;
    const std::uint32_t position = index % kChunkNodes;
    // acquire: pairs with SetOwner, which comes after the slab's nodes were made.
    if (chunk->owners[position / kSlabNodes].load(std::memory_order_acquire) != owner) {
      return nullptr;
    }
    return &chunk->CellAt(position).template As<Node<P>>();
  }
  // What `node` belongs to; null for a node of a graph.
  static void* OwnerOf(const Node<P>& node) {
    const Place place(&node);
    // relaxed: whoever holds the node knows that it was made.
    return place.chunk->owners[place.position / kSlabNodes].load(std::memory_order_relaxed);
  }
  static void SetOwner(Slab<P> slab, void* owner) {
    const Place place(slab);
    place.chunk->owners[place.position / kSlabNodes].store(owner, std::memory_order_release);
  }
  // How many predecessors of a node have still to end.
  static JoinCounter& JoinOf(const Node<P>& node) { return JoinAt(&node); }

 private:
  static constexpr std::uint32_t kChunkNodes = EngineShape<P>::kChunkNodes;

  // As long as kChunkNodes nodes; its own size is what they leave to it.
  struct Chunk {
    explicit Chunk(std::uint32_t its_number) : number(its_number) {}
    Cell<P>& CellAt(std::uint32_t position) { return reinterpret_cast<Cell<P>*>(this)[position]; }
    const std::uint32_t number;
    typename P::template Atomic<void*> owners[kChunkNodes / kSlabNodes] = {};
    union {  // each slab's part is made with the slab
      JoinCounter joins[kChunkNodes];
    };
  };
  static constexpr std::size_t kChunkBytes = std::bit_ceil(kChunkNodes * sizeof(Cell<P>));
  static constexpr std::uint32_t kHeadSlabs =
      (sizeof(Chunk) + kSlabNodes * sizeof(Cell<P>) - 1) / (kSlabNodes * sizeof(Cell<P>));
  static constexpr std::uint32_t kSlabsPerChunk = kChunkNodes / kSlabNodes - kHeadSlabs;
  static constexpr std::size_t kMaxChunks = EngineShape<P>::kMaxChunks;
  static_assert(kMaxChunks * kChunkNodes <= std::size_t{1} << 30, "an Edge has 30 bits for it");

  struct Place {
    explicit Place(const void* in_cell) {
      const auto address = reinterpret_cast<std::uintptr_t>(in_cell);
      chunk = reinterpret_cast<Chunk*>(address & ~(kChunkBytes - 1));
      position = static_cast<std::uint32_t>((address & (kChunkBytes - 1)) / sizeof(Cell<P>));
    }
    Chunk* chunk;
    std::uint32_t position;
  };

  static JoinCounter& JoinAt(const void* in_cell) {
    const Place place(in_cell);
    return place.chunk->joins[place.position];
  }

  void Grow() {
    if (chunks_.size() == kMaxChunks) throw std::bad_alloc();
    chunks_.reserve(chunks_.size() + 1);
    free_.reserve((chunks_.size() + 1) * kSlabsPerChunk);
    void* const memory = AllocateChunk(kChunkBytes);
    const auto number = static_cast<std::uint32_t>(chunks_.size());
    auto* const chunk = ::new (memory) Chunk(number);
    chunks_.push_back(chunk);
    directory_[number].store(chunk, std::memory_order_release);
    for (std::uint32_t i = kSlabsPerChunk; i-- > 0;) {
      const std::uint32_t first = (kHeadSlabs + i) * kSlabNodes;
      free_.push_back(&chunk->CellAt(first));
    }
  }

  typename P::Lock lock_;
  std::vector<Chunk*> chunks_;  // guarded by lock_
  std::vector<Slab<P>> free_;   // guarded by lock_
  std::array<typename P::template Atomic<Chunk*>, kMaxChunks> directory_{};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_NODE_POOL_H_
