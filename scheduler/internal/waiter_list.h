// SPDX-License-Identifier: Apache-2.0
//
// Sleepers, linked through themselves.

#ifndef WEFT_SCHEDULER_INTERNAL_WAITER_LIST_H_
#define WEFT_SCHEDULER_INTERNAL_WAITER_LIST_H_

#include <mutex>

namespace weft::internal {

// `Waiter` has a `parker` of the platform, and `next` and `previous` for this list.
//
// Thread safety: every method from any thread.
// Cost: a lock, and a look at each waiter.
template <class P, class Waiter>
class WaiterList {
 public:
  void Add(Waiter& waiter) {
    std::lock_guard lock(lock_);
    Waiter*& first = first_.Change();
    waiter.previous = nullptr;
    waiter.next = first;
    if (first != nullptr) first->previous = &waiter;
    first = &waiter;
  }
  // After this nobody unparks it.
  void Remove(Waiter& waiter) {
    std::lock_guard lock(lock_);
    Waiter*& first = first_.Change();
    (waiter.previous != nullptr ? waiter.previous->next : first) = waiter.next;
    if (waiter.next != nullptr) waiter.next->previous = waiter.previous;
  }

  template <class Concerned>
  void Notify(Concerned concerned) {
    std::lock_guard lock(lock_);
    for (Waiter* waiter = first_.Read(); waiter != nullptr; waiter = waiter->next) {
      if (concerned(*waiter)) waiter->parker.Unpark();
    }
  }

  // For a look at all of them at one moment.
  template <class F>
  auto WithAll(F look) const {
    std::lock_guard lock(lock_);
    return look(static_cast<const Waiter*>(first_.Read()));
  }

 private:
  mutable typename P::Lock lock_;
  typename P::template Plain<Waiter*> first_;  // guarded by lock_
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_WAITER_LIST_H_
