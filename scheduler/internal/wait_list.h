// SPDX-License-Identifier: Apache-2.0
//
// Who waits for what, and sleeps.

#ifndef WEFT_SCHEDULER_INTERNAL_WAIT_LIST_H_
#define WEFT_SCHEDULER_INTERNAL_WAIT_LIST_H_

#include <mutex>

#include "weft/core/internal/platform.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// What a thread waits for: one task, or one group.
struct WaitTarget {
  EngineTask* task = nullptr;
  GroupCore* group = nullptr;
};

// A body that waits, on the thread of the one around it, if any: that one cannot go on
// before this one has returned.
struct WaitFrame {
  EngineTask* self = nullptr;  // null: a node of a graph
  WaitTarget target;
  WaitFrame* outer = nullptr;
};

// A thread that sleeps until its target ends. `group`: it also looks again when that group
// comes to rest.
struct Waiter {
  WaitTarget target;
  const WaitFrame* frame = nullptr;  // of the innermost body; null: from outside
  bool drains = false;               // it looks again when there is work, too
  const GroupCore* group = nullptr;
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  StdPlatform::Parker parker;
};

// Thread safety: every method from any thread. Targets are only compared.
// Cost: a lock, and a look at each waiter.
class WaitList {
 public:
  void Add(Waiter& waiter) {
    std::lock_guard lock(lock_);
    waiter.previous = nullptr;
    waiter.next = first_;
    if (first_ != nullptr) first_->previous = &waiter;
    first_ = &waiter;
  }
  // After this nobody unparks it.
  void Remove(Waiter& waiter) {
    std::lock_guard lock(lock_);
    (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
    if (waiter.next != nullptr) waiter.next->previous = waiter.previous;
  }

  template <class Concerned>
  void Notify(Concerned concerned) {
    std::lock_guard lock(lock_);
    for (Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next) {
      if (concerned(*waiter)) waiter->parker.Unpark();
    }
  }

  // For a look at all of them at one moment.
  template <class F>
  auto WithAll(F look) const {
    std::lock_guard lock(lock_);
    return look(first_);
  }

 private:
  mutable StdPlatform::Lock lock_;
  Waiter* first_ = nullptr;  // guarded by lock_
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_WAIT_LIST_H_
