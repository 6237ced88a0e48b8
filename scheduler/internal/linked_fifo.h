// SPDX-License-Identifier: Apache-2.0
//
// First in, first out, without memory of its own: what is in it is linked through itself.

#ifndef WEFT_SCHEDULER_INTERNAL_LINKED_FIFO_H_
#define WEFT_SCHEDULER_INTERNAL_LINKED_FIFO_H_

namespace weft::internal {

// T has `T* next`, which belongs to the list while it is in one. The names are those of
// std::deque, in whose place TaskQueue takes it.
//
// Thread safety: one thread at a time; the owner's lock guards it.
template <class T>
class LinkedFifo {
 public:
  bool empty() const { return first_ == nullptr; }
  // Requires: not empty, as pop_front.
  T* const& front() const { return first_; }

  void push_back(T* item) {
    item->next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = item;
    last_ = item;
  }
  void pop_front() { first_ = first_->next; }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;  // meaningless when empty
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_LINKED_FIFO_H_
