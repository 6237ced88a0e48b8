// SPDX-License-Identifier: Apache-2.0
//
// Ready tasks that are in no deque: those that did not fit into their worker's, and
// those that came from a thread that has none.

#ifndef WEFT_SCHEDULER_INTERNAL_OVERFLOW_H_
#define WEFT_SCHEDULER_INTERNAL_OVERFLOW_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "weft/scheduler/internal/node.h"
#include "weft/scheduler/internal/node_pool.h"

namespace weft::internal {

// First in, first out. Nodes are linked through themselves: adding never allocates.
//
// Thread safety: every method from any thread.
// Cost: a lock per call; empty() is one load.
template <class P>
class Overflow {
 public:
  explicit Overflow(const NodePool<P>& pool) : pool_(pool) {}

  // seq_cst: either half of the handshake in pump_ledger.h.
  bool empty() const { return size_.load(std::memory_order_seq_cst) == 0; }
  // For a look that may miss what was just added.
  bool SeemsEmpty() const { return size() == 0; }
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  [[gnu::noinline]] void Add(Node<P>& node) {
    std::lock_guard lock(lock_);
    // relaxed, all links: the lock orders them.
    node.link.store(0, std::memory_order_relaxed);
    const std::uint32_t index = NodePool<P>::IndexOf(node);
    if (last_ == 0) {
      first_ = index;
    } else {
      pool_.NodeOf(last_).link.store(index, std::memory_order_relaxed);
    }
    last_ = index;
    size_.fetch_add(1, std::memory_order_seq_cst);
  }

  // Adds a list of `count` nodes, linked from `first` to `last`.
  void Splice(Node<P>& first, Node<P>& last, std::size_t count) {
    std::lock_guard lock(lock_);
    last.link.store(0, std::memory_order_relaxed);
    const std::uint32_t index = NodePool<P>::IndexOf(first);
    if (last_ == 0) {
      first_ = index;
    } else {
      pool_.NodeOf(last_).link.store(index, std::memory_order_relaxed);
    }
    last_ = NodePool<P>::IndexOf(last);
    size_.fetch_add(count, std::memory_order_seq_cst);
  }

  // Hands up to `most` nodes to `take`, oldest first; under the lock.
  template <class F>
  std::size_t Take(std::size_t most, F take) {
    std::lock_guard lock(lock_);
    std::size_t taken = 0;
    for (; taken < most && first_ != 0; ++taken) {
      Node<P>& node = pool_.NodeOf(first_);
      first_ = node.link.load(std::memory_order_relaxed);
      if (first_ == 0) last_ = 0;
      take(node);
    }
    if (taken > 0) size_.fetch_sub(taken, std::memory_order_seq_cst);
    return taken;
  }

  // Calls drop(node) with each, oldest first, and takes out those for which it is true,
  // until done(). How many; under the lock.
  template <class Drop, class Done>
  std::size_t Sweep(Drop drop, Done done) {
    std::lock_guard lock(lock_);
    std::size_t dropped = 0;
    std::uint32_t kept = 0;  // the last one that stays
    for (std::uint32_t at = first_; at != 0 && !done();) {
      Node<P>& node = pool_.NodeOf(at);
      const std::uint32_t after = node.link.load(std::memory_order_relaxed);
      if (drop(node)) {  // who may be gone
        ++dropped;
        if (kept == 0) {
          first_ = after;
        } else {
          pool_.NodeOf(kept).link.store(after, std::memory_order_relaxed);
        }
        if (after == 0) last_ = kept;
      } else {
        kept = at;
      }
      at = after;
    }
    if (dropped > 0) size_.fetch_sub(dropped, std::memory_order_seq_cst);
    return dropped;
  }

 private:
  const NodePool<P>& pool_;
  typename P::template Atomic<std::size_t> size_{0};  // written under lock_
  typename P::Lock lock_;
  std::uint32_t first_ = 0;  // guarded by lock_, as is last_
  std::uint32_t last_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_OVERFLOW_H_
