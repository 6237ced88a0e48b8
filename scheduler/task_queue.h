// SPDX-License-Identifier: Apache-2.0
//
// The stable, strict queue: the highest lane first, and within a lane the one
// that came first.

#ifndef WEFT_SCHEDULER_TASK_QUEUE_H_
#define WEFT_SCHEDULER_TASK_QUEUE_H_

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "weft/distribution/ready_order.h"

namespace weft {

// `Fifo`: what a lane is, with these names of std::deque.
//
// Thread safety: one thread at a time; the owner's lock guards it.
// Cost: O(1) per call (the number of lanes is fixed).
template <class T, class Fifo = std::deque<T>>
class TaskQueue {
 public:
  // `priority` as in TaskOptions.
  void Push(T item, int priority = 0) { Push(std::move(item), LaneOf(priority)); }
  void Push(T item, Lane lane) {
    lanes_[static_cast<std::size_t>(lane)].push_back(std::move(item));
    ++size_;
  }

  // The item that Pop would take; null when empty. Valid until the next change.
  const T* Peek() const {
    for (std::size_t lane = kLaneCount; lane-- > 0;) {
      if (!lanes_[lane].empty()) return &lanes_[lane].front();
    }
    return nullptr;
  }

  std::optional<T> Pop() {
    for (std::size_t lane = kLaneCount; lane-- > 0;) {
      Fifo& items = lanes_[lane];
      if (items.empty()) continue;
      std::optional<T> first(std::move(items.front()));
      items.pop_front();
      --size_;
      return first;
    }
    return std::nullopt;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  std::array<Fifo, kLaneCount> lanes_;
  std::size_t size_ = 0;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_QUEUE_H_
