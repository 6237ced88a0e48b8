// SPDX-License-Identifier: Apache-2.0
//
// How many tasks of a group have still to end.

#ifndef WEFT_SCHEDULER_INTERNAL_GROUP_COUNT_H_
#define WEFT_SCHEDULER_INTERNAL_GROUP_COUNT_H_

#include <atomic>
#include <cstdint>

namespace weft::internal {

// One word: the count, whether somebody waits for zero, and how often tasks came in. A
// group is at rest at zero, and may be gone as soon as it is: so who reaches zero touches
// it no more.
//
// Thread safety: every method from any thread.
template <class P>
class GroupCount {
 public:
  // seq_cst: who shuts down stops submissions, then looks here.
  void Enter(std::int64_t tasks) {
    word_.fetch_add(kOneEntry + static_cast<std::uint64_t>(tasks) * kOneTask,
                    std::memory_order_seq_cst);
  }
  enum class Left { kBusy, kRest, kAwaitedRest };
  // `at_rest` is called before the count becomes zero, perhaps more than once.
  template <class F>
  Left Leave(std::int64_t tasks, F at_rest) {
    const std::uint64_t gone = static_cast<std::uint64_t>(tasks) * kOneTask;
    // acquire: `at_rest` of an earlier rest comes before ours.
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    bool rest = false;
    do {
      rest = ((seen - gone) & kCount) == 0;
      if (rest) at_rest();
      // acq_rel: who finds zero sees what all tasks did.
    } while (!word_.compare_exchange_weak(seen, seen - gone, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    if (!rest) return Left::kBusy;
    return (seen & kAwaited) != 0 ? Left::kAwaitedRest : Left::kRest;
  }
  bool AtRest() const { return (word_.load(std::memory_order_acquire) & kCount) == 0; }

  // From now on Leave says when there is rest. True: there is.
  bool Await() { return (word_.fetch_or(kAwaited, std::memory_order_acq_rel) & kCount) == 0; }
  void StopAwaiting() { word_.fetch_and(~kAwaited, std::memory_order_relaxed); }

  // Differs between two moments when tasks came in between them.
  std::uint64_t entries() const { return word_.load(std::memory_order_seq_cst) / kOneEntry; }

 private:
  static constexpr std::uint64_t kAwaited = 1;
  static constexpr std::uint64_t kOneTask = 2;
  static constexpr std::uint64_t kOneEntry = std::uint64_t{1} << 44;
  static constexpr std::uint64_t kCount = kOneEntry - kOneTask;

  typename P::template Atomic<std::uint64_t> word_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GROUP_COUNT_H_
