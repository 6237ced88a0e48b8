// SPDX-License-Identifier: Apache-2.0
//
// Ready nodes of graphs whose nodes have ranks: the one with the longest way to the end first.

#ifndef WEFT_SCHEDULER_INTERNAL_RANKED_HEAP_H_
#define WEFT_SCHEDULER_INTERNAL_RANKED_HEAP_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "weft/scheduler/internal/node.h"

namespace weft::internal {

// Of nodes with one rank the last that came goes first: what was begun is finished.
//
// Thread safety: every method from any thread.
// Cost: O(log size) under a lock; the looks are one load.
template <class P>
class RankedHeap {
 public:
  // Room for so many more nodes, until Release. Throws std::bad_alloc.
  void Reserve(std::size_t nodes) {
    std::lock_guard lock(lock_);
    entries_.reserve(reserved_ + nodes);
    reserved_ += nodes;
  }
  void Release(std::size_t nodes) {
    std::lock_guard lock(lock_);
    reserved_ -= nodes;
  }

  // False: there is no room.
  bool Push(Node<P>& node, std::uint32_t rank) {
    std::lock_guard lock(lock_);
    if (entries_.size() == entries_.capacity()) return false;
    entries_.push_back({(std::uint64_t{rank} << 32) | ++pushed_, &node});
    std::push_heap(entries_.begin(), entries_.end());
    Publish();
    return true;
  }
  // The first; null: none is there.
  Node<P>* Pop() {
    if (SeemsEmpty()) return nullptr;
    std::lock_guard lock(lock_);
    if (entries_.empty()) return nullptr;
    std::pop_heap(entries_.begin(), entries_.end());
    Node<P>* const node = entries_.back().node;
    entries_.pop_back();
    Publish();
    return node;
  }
  // Takes out the nodes of `scope`, and calls took(node) with each, which must not throw.
  template <class F>
  void TakeBack(const Scope<P>& scope, F took) {
    std::lock_guard lock(lock_);
    std::erase_if(entries_, [&](const Entry& entry) {
      if (entry.node->scope != &scope) return false;
      took(*entry.node);
      return true;
    });
    std::make_heap(entries_.begin(), entries_.end());
    Publish();
  }

  // seq_cst: either half of the handshake in pump_ledger.h.
  bool empty() const { return size_.load(std::memory_order_seq_cst) == 0; }
  bool SeemsEmpty() const { return SeemsSize() == 0; }
  std::size_t SeemsSize() const { return size_.load(std::memory_order_relaxed); }
  // A hint: that of the first; 0: none.
  std::uint32_t top() const { return top_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::uint64_t order;  // the rank, then how late it came
    Node<P>* node;
    friend bool operator<(const Entry& a, const Entry& b) { return a.order < b.order; }
  };
  static std::uint32_t RankOf(const Entry& entry) {
    return static_cast<std::uint32_t>(entry.order >> 32);
  }
  void Publish() {
    top_.store(entries_.empty() ? 0 : RankOf(entries_.front()), std::memory_order_relaxed);
    size_.store(entries_.size(), std::memory_order_seq_cst);
  }

  typename P::template Atomic<std::size_t> size_{0};  // written under lock_, as is top_
  typename P::template Atomic<std::uint32_t> top_{0};
  typename P::Lock lock_;
  // Guarded by lock_.
  std::vector<Entry> entries_;
  std::size_t reserved_ = 0;
  std::uint32_t pushed_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RANKED_HEAP_H_
