// SPDX-License-Identifier: Apache-2.0
//
// A list through its elements: joining and leaving never allocate.

#ifndef WEFT_SCHEDULER_INTERNAL_INTRUSIVE_LIST_H_
#define WEFT_SCHEDULER_INTERNAL_INTRUSIVE_LIST_H_

#include <cassert>

namespace weft::internal {

template <class T>
struct ListLink {
  T* next = nullptr;
  T* previous = nullptr;
  bool linked = false;
};

// Does not own its elements. An element is in at most one list per link.
//
// Thread safety: one thread at a time. Cost: O(1) per call.
template <class T, ListLink<T> T::*kLink>
class IntrusiveList {
 public:
  IntrusiveList() = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return first_ == nullptr; }
  T* first() const { return first_; }
  static T* Next(const T* item) { return (item->*kLink).next; }

  void PushBack(T* item) {
    ListLink<T>& link = item->*kLink;
    assert(!link.linked);
    link = {nullptr, last_, true};
    (last_ != nullptr ? (last_->*kLink).next : first_) = item;
    last_ = item;
  }

  // Requires: item is in this list.
  void Remove(T* item) {
    ListLink<T>& link = item->*kLink;
    assert(link.linked);
    (link.previous != nullptr ? (link.previous->*kLink).next : first_) = link.next;
    (link.next != nullptr ? (link.next->*kLink).previous : last_) = link.previous;
    link = {};
  }

  // Null when empty.
  T* PopFront() {
    T* item = first_;
    if (item != nullptr) Remove(item);
    return item;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_INTRUSIVE_LIST_H_
