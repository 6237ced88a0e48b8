// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_HAND_OVERS_H_
#define WEFT_SCHEDULER_INTERNAL_HAND_OVERS_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "weft/scheduler/internal/task_node.h"

namespace weft::internal {

// Which tasks will hand their successors over, and to whom: what a search for a cycle has to
// know before it happens.
//
// A task ends, and its successors come to the other, in one step for those who look here first
// and at the other's successors then: they find them in one place or in both.
//
// Thread safety: every method from any thread.
// Cost: O(hand-overs that are planned just now); one load while there are none.
template <class P>
class HandOvers {
 public:
  using Task = TaskNode<P>;

  // Returns to whom `from` was to hand over before; null: to nobody. Throws std::bad_alloc: then
  // nothing has changed. `to` lives as long as `from` does.
  Task* Plan(Task& from, Task& to) {
    std::lock_guard lock(lock_);
    if (Planned* const known = Find(from)) return std::exchange(known->to, &to);
    plans_.push_back({&from, &to});
    // relaxed: who needs to be sure has become known to who plans, or sees this, by another lock.
    count_.store(plans_.size(), std::memory_order_relaxed);
    return nullptr;
  }
  // After Plan, which returned `before`.
  void TakeBack(Task& from, Task* before) noexcept {
    std::lock_guard lock(lock_);
    if (before != nullptr) {
      Find(from)->to = before;
    } else {
      Erase(from);
    }
  }
  // Before `from` ends without a hand-over.
  void Forget(const Task& from) noexcept {
    std::lock_guard lock(lock_);
    Erase(from);
  }
  // Calls carry(), which ends `from` and gives its successors away, or returns false.
  template <class F>
  bool Carry(const Task& from, F carry) noexcept {
    std::lock_guard lock(lock_);
    if (!carry()) return false;
    Erase(from);
    return true;
  }

  // Calls visit(Task&) with each whose successors `to` will have, directly or not, under the
  // lock.
  template <class F>
  void ForEachTo(Task& to, F visit) {
    // acquire: who does not find a task here any more finds its successors at the other.
    if (count_.load(std::memory_order_acquire) == 0) return;
    std::lock_guard lock(lock_);
    std::vector<Task*> reached = {&to};
    for (std::size_t i = 0; i < reached.size(); ++i) {
      for (const Planned& plan : plans_) {
        if (plan.to != reached[i] || std::ranges::count(reached, plan.from) != 0) continue;
        reached.push_back(plan.from);
        visit(*plan.from);
      }
    }
  }

 private:
  struct Planned {
    Task* from;
    Task* to;
  };

  // These require lock_.
  Planned* Find(const Task& from) {
    const auto found = std::ranges::find(plans_, &from, &Planned::from);
    return found == plans_.end() ? nullptr : &*found;
  }
  void Erase(const Task& from) {
    std::erase_if(plans_, [&from](const Planned& plan) { return plan.from == &from; });
    // release: after the successors have moved.
    count_.store(plans_.size(), std::memory_order_release);
  }

  typename P::Lock lock_;
  std::vector<Planned> plans_;  // guarded by lock_
  typename P::template Atomic<std::size_t> count_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_HAND_OVERS_H_
