// SPDX-License-Identifier: Apache-2.0
//
// The successors of a task: two without room of their own, more in blocks.

#ifndef WEFT_SCHEDULER_INTERNAL_EDGE_LIST_H_
#define WEFT_SCHEDULER_INTERNAL_EDGE_LIST_H_

#include <cstdint>
#include <utility>

namespace weft::internal {

// A successor, by its index in the pool, and whether it runs even when this task does not
// complete.
struct Edge {
  std::uint32_t successor = 0;  // never 0 in a list, and less than 2^30
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

// One word: nothing, one edge or two, or the block with the newest edges.
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
    const Bits packed = Pack(edge);
    if (bits_ == 0) {
      bits_ = packed << kFirst | kInline;
      return;
    }
    if (IsInline(bits_) && SecondIn(bits_) == 0) {
      bits_ |= packed << kSecond;
      return;
    }
    if (IsInline(bits_) || BlockIn(bits_)->count == EdgeBlock<P>::kRoom) {
      EdgeBlock<P>* const block = new_block();
      block->count = 0;
      block->next = nullptr;
      if (IsInline(bits_)) {
        block->edges[block->count++] = FirstIn(bits_);
        block->edges[block->count++] = SecondIn(bits_);
      } else {
        block->next = BlockIn(bits_);
      }
      bits_ = reinterpret_cast<Bits>(block);
    }
    EdgeBlock<P>* const block = BlockIn(bits_);
    block->edges[block->count++] = static_cast<std::uint32_t>(packed);
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
    if (bits_ == 0 || IsInline(bits_)) std::swap(bits_, other);
    if (other == 0) return false;
    bool used = false;
    if (IsInline(other)) {
      EdgeList(other).ForEach([&](const Edge& edge) {
        Add(edge, [&] {  // once at most: all that was inline fits into one block
          used = true;
          return spare;
        });
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
  // With the lowest bit set: 31 bits for each of two edges, oldest first. No edge is 0, as
  // no index is. Otherwise a block's address.
  static constexpr Bits kInline = 1;
  static constexpr int kFirst = 1;
  static constexpr int kSecond = 32;
  static constexpr Bits kEdge = (Bits{1} << 31) - 1;

  static bool IsInline(Bits bits) { return (bits & kInline) != 0; }
  static std::uint32_t FirstIn(Bits bits) {
    return static_cast<std::uint32_t>(bits >> kFirst & kEdge);
  }
  static std::uint32_t SecondIn(Bits bits) {
    return static_cast<std::uint32_t>(bits >> kSecond & kEdge);
  }
  static EdgeBlock<P>* BlockIn(Bits bits) { return reinterpret_cast<EdgeBlock<P>*>(bits); }
  static Bits Pack(Edge edge) { return Bits{edge.successor} << 1 | (edge.run_anyway ? 1 : 0); }
  static Edge Unpack(std::uint32_t packed) { return {packed >> 1, (packed & 1) != 0}; }

  template <class Visit, class Seen>
  static void Walk(Bits bits, Visit visit, Seen seen) {
    if (bits == 0) return;
    if (IsInline(bits)) {
      visit(Unpack(FirstIn(bits)));
      if (const std::uint32_t second = SecondIn(bits); second != 0) visit(Unpack(second));
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
