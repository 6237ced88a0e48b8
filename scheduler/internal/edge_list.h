// SPDX-License-Identifier: Apache-2.0
//
// The successors of a task: one without room of its own, more in blocks.

#ifndef WEFT_SCHEDULER_INTERNAL_EDGE_LIST_H_
#define WEFT_SCHEDULER_INTERNAL_EDGE_LIST_H_

#include <cstdint>
#include <utility>

namespace weft::internal {

// A successor, by its index in the pool, and whether it runs even when this task does not
// complete.
struct Edge {
  std::uint32_t successor = 0;
  bool run_anyway = false;
};

template <class P>
struct alignas(64) EdgeBlock {
  static constexpr std::uint32_t kRoom = 11;
  EdgeBlock* next = nullptr;  // in a free block: the next free one
  EdgeBlock* next_batch = nullptr;
  std::uint32_t count = 0;
  std::uint32_t edges[kRoom] = {};
};

// One word: nothing, an edge, or the block with the newest edges.
//
// Thread safety: guarded by the lock of its task.
template <class P>
class EdgeList {
 public:
  using Bits = std::uintptr_t;
  static_assert(sizeof(Bits) == 8);

  explicit EdgeList(Bits& bits) : bits_(bits) {}

  bool empty() const { return bits_ == 0; }

  // `new_block()` gives an empty block, and may throw: then nothing was added.
  template <class NewBlock>
  void Add(Edge edge, NewBlock new_block) {
    const std::uint32_t packed = edge.successor << 1 | (edge.run_anyway ? 1 : 0);
    if (bits_ == 0) {
      bits_ = Bits{packed} << 1 | kOne;
      return;
    }
    if ((bits_ & kOne) != 0 || BlockIn(bits_)->count == EdgeBlock<P>::kRoom) {
      EdgeBlock<P>* const block = new_block();
      block->count = 0;
      block->next = nullptr;
      if ((bits_ & kOne) != 0) {
        block->edges[block->count++] = static_cast<std::uint32_t>(bits_ >> 1);
      } else {
        block->next = BlockIn(bits_);
      }
      bits_ = reinterpret_cast<Bits>(block);
    }
    EdgeBlock<P>* const block = BlockIn(bits_);
    block->edges[block->count++] = packed;
  }

  // The edges, oldest first within a block.
  template <class Visit>
  void ForEach(Visit visit) const {
    Walk(bits_, visit, [](EdgeBlock<P>*) {});
  }
  // The same, while each block that has been seen is given to `free_block`.
  template <class Visit, class FreeBlock>
  void Consume(Visit visit, FreeBlock free_block) {
    const Bits bits = bits_;
    bits_ = 0;
    Walk(bits, visit, free_block);
  }

  // Takes over the edges of another list. False: without a use for `spare`, an empty block.
  bool Splice(Bits other, EdgeBlock<P>* spare) {
    if (other == 0) return false;
    if (bits_ == 0 || (bits_ & kOne) != 0) std::swap(bits_, other);
    if (other == 0) return false;
    bool used = false;
    if ((other & kOne) != 0) {
      Add(Unpack(static_cast<std::uint32_t>(other >> 1)), [&] {
        used = true;
        return spare;
      });
    } else {
      // In front: it is the shorter one, mostly.
      EdgeBlock<P>* last = BlockIn(other);
      while (last->next != nullptr) last = last->next;
      last->next = BlockIn(bits_);
      bits_ = other;
    }
    return used;
  }

 private:
  static constexpr Bits kOne = 1;

  static EdgeBlock<P>* BlockIn(Bits bits) { return reinterpret_cast<EdgeBlock<P>*>(bits); }
  static Edge Unpack(std::uint32_t packed) { return {packed >> 1, (packed & 1) != 0}; }

  template <class Visit, class Seen>
  static void Walk(Bits bits, Visit visit, Seen seen) {
    if ((bits & kOne) != 0) {
      visit(Unpack(static_cast<std::uint32_t>(bits >> 1)));
      return;
    }
    for (EdgeBlock<P>* block = BlockIn(bits); block != nullptr;) {
      for (std::uint32_t i = 0; i < block->count; ++i) visit(Unpack(block->edges[i]));
      EdgeBlock<P>* const next = block->next;
      seen(block);
      block = next;
    }
  }

  Bits& bits_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_EDGE_LIST_H_
