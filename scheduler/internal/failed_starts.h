// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_FAILED_STARTS_H_
#define WEFT_SCHEDULER_INTERNAL_FAILED_STARTS_H_

#include <atomic>
#include <cstdint>

namespace weft::internal {

// Workers that were needed and could not be had: whoever waits tries again for them.
//
// Who adds one looks for waiters then, and who waits has become known before it looks here:
// of the two, one sees the other.
//
// Thread safety: every method from any thread.
template <class P>
class FailedStarts {
 public:
  // One more. True: those who wait do not know that any is unanswered.
  bool Add() {
    // seq_cst, both, as all below: see above.
    const std::uint64_t before = failed_.fetch_add(1, std::memory_order_seq_cst);
    return before == answered_.load(std::memory_order_seq_cst);
  }
  bool AnyUnanswered() const {
    const std::uint64_t answered = answered_.load(std::memory_order_seq_cst);
    return failed_.load(std::memory_order_seq_cst) != answered;
  }

  // Calls try_again(); those that have failed before are answered then. One that fails
  // meanwhile, and be it this one's own, comes on top.
  template <class F>
  void Answer(F try_again) {
    const std::uint64_t failed = failed_.load(std::memory_order_seq_cst);
    try_again();
    std::uint64_t answered = answered_.load(std::memory_order_relaxed);
    while (answered < failed &&
           !answered_.compare_exchange_weak(answered, failed, std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
    }
  }

 private:
  typename P::template Atomic<std::uint64_t> failed_{0};
  typename P::template Atomic<std::uint64_t> answered_{0};  // so many of them were tried again
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_FAILED_STARTS_H_
