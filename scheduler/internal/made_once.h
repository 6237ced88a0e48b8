// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_MADE_ONCE_H_
#define WEFT_SCHEDULER_INTERNAL_MADE_ONCE_H_

#include <atomic>
#include <memory>

namespace weft::internal {

// A T that is made when it is first asked for, by whoever comes first.
//
// Who asks something of the T that may not be there yet says so somewhere else before it looks
// here; who makes it looks there afterwards: of the two, one sees the other.
//
// Thread safety: every method from any thread.
template <class P, class T>
class MadeOnce {
 public:
  MadeOnce() = default;
  MadeOnce(const MadeOnce&) = delete;
  MadeOnce& operator=(const MadeOnce&) = delete;
  ~MadeOnce() { delete get(); }

  // Null: it is not there yet. seq_cst: see above.
  T* get() const { return made_.load(std::memory_order_seq_cst); }
  // Throws std::bad_alloc.
  T& Make() {
    T* known = get();
    if (known != nullptr) return *known;
    auto made = std::make_unique<T>();
    // seq_cst, also where another was first: see above.
    if (!made_.compare_exchange_strong(known, made.get(), std::memory_order_seq_cst,
                                       std::memory_order_seq_cst)) {
      return *known;
    }
    return *made.release();
  }

 private:
  typename P::template Atomic<T*> made_{nullptr};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_MADE_ONCE_H_
