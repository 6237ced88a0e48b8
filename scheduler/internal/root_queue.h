// SPDX-License-Identifier: Apache-2.0
//
// Where runs of graphs begin: their nodes without predecessors, handed out in chunks
// that become smaller towards the end, so that all workers end together.
//
// Guided self-scheduling: Polychronopoulos and Kuck, IEEE Trans. Computers C-36 (1987).

#ifndef WEFT_SCHEDULER_INTERNAL_ROOT_QUEUE_H_
#define WEFT_SCHEDULER_INTERNAL_ROOT_QUEUE_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>

#include "weft/scheduler/internal/node.h"

namespace weft::internal {

// A part of a graph's roots that nobody has taken. Lives in the graph; the queue does
// not touch it once the last root is out, which is before the run can end.
//
// Thread safety: guarded by the lock of the queue it is in.
template <class P>
struct RootRange {
  StaticNode<P>* const* next = nullptr;
  StaticNode<P>* const* end = nullptr;
  RootRange* after = nullptr;
};

// Thread safety: every method from any thread.
// Cost: a lock per call; empty() is one load.
template <class P>
class RootQueue {
 public:
  static constexpr std::size_t kMaxChunk = 256;

  // seq_cst: either half of the handshake in pump_ledger.h.
  bool empty() const { return ranges_.load(std::memory_order_seq_cst) == 0; }
  bool SeemsEmpty() const { return ranges_.load(std::memory_order_relaxed) == 0; }

  // Requires: the range is not empty.
  void Add(RootRange<P>& range) {
    std::lock_guard lock(lock_);
    range.after = nullptr;
    (last_ == nullptr ? first_ : last_->after) = &range;
    last_ = &range;
    ranges_.fetch_add(1, std::memory_order_seq_cst);
  }

  // Takes a range back of which nothing was taken. False: too late.
  bool Remove(RootRange<P>& range, StaticNode<P>* const* begin) {
    std::lock_guard lock(lock_);
    if (range.next != begin) return false;
    RootRange<P>* before = nullptr;
    for (RootRange<P>* at = first_; at != &range; at = at->after) before = at;
    (before == nullptr ? first_ : before->after) = range.after;
    if (last_ == &range) last_ = before;
    ranges_.fetch_sub(1, std::memory_order_seq_cst);
    return true;
  }

  struct Chunk {
    StaticNode<P>* const* begin = nullptr;
    StaticNode<P>* const* end = nullptr;
  };
  // Of the oldest run, for one of `width` workers; empty when there is none.
  Chunk Take(int width) {
    std::lock_guard lock(lock_);
    if (first_ == nullptr) return {};
    RootRange<P>& range = *first_;
    const std::size_t divisor = 2 * static_cast<std::size_t>(width);
    const auto left = static_cast<std::size_t>(range.end - range.next);
    const std::size_t size = std::clamp<std::size_t>(left / divisor, 1, kMaxChunk);
    const Chunk chunk{range.next, range.next + size};
    range.next = chunk.end;
    if (size == left) {
      first_ = range.after;
      if (first_ == nullptr) last_ = nullptr;
      ranges_.fetch_sub(1, std::memory_order_seq_cst);
    }
    return chunk;
  }

 private:
  typename P::template Atomic<int> ranges_{0};  // written under lock_
  typename P::Lock lock_;
  RootRange<P>* first_ = nullptr;  // guarded by lock_, as is last_
  RootRange<P>* last_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ROOT_QUEUE_H_
