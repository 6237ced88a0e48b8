// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SYNC_INTERNAL_UNIT_COUNTS_H_
#define WEFT_SYNC_INTERNAL_UNIT_COUNTS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace weft::internal {

// What UnitCounts::Read saw. completed + failed <= total, unless nothing was announced.
struct UnitFigures {
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t total = 0;  // 0: nothing was announced
  std::int64_t cost = 0;
  std::int64_t total_cost = 0;

  bool AllEnded() const { return total > 0 && completed + failed >= total; }
  // What has ended, of the whole: by cost where costs were announced. 0 to 1.
  double Done() const {
    if (AllEnded()) return 1;
    if (total_cost > 0) return Share(cost, total_cost);
    return total > 0 ? Share(completed + failed, total) : 0;
  }
  // What one unit, of this cost, is of the whole.
  double ShareOfUnit(std::int64_t unit_cost) const {
    if (total_cost > 0) return Share(unit_cost, total_cost);
    return total > 0 ? Share(1, total) : 0;
  }

 private:
  static double Share(std::int64_t part, std::int64_t whole) {
    return std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
  }
};

// Units of work that are announced and then end, well or not.
//
// Thread safety: every method from any thread. A unit is announced, by the caller's own order,
// before it ends.
// Cost: Complete and Fail: one update (two with a cost) and two loads.
template <class P>
class UnitCounts {
 public:
  // What the end of units was.
  struct Ended {
    std::int64_t count = 0;  // of those that had ended then, itself included
    // True once in the life of the counts: all that was announced has ended, and what came
    // before those ends is visible.
    bool last = false;
  };

  void Announce(std::int64_t count, std::int64_t cost) {
    // relaxed, both: see Read.
    if (cost != 0) total_cost_.fetch_add(cost, std::memory_order_relaxed);
    total_.fetch_add(count, std::memory_order_relaxed);
  }

  Ended Complete(std::int64_t count, std::int64_t cost) {
    return Add(completed_, failed_, count, cost);
  }
  Ended Fail(std::int64_t count, std::int64_t cost) {
    return Add(failed_, completed_, count, cost);
  }

  // While there are more of these than of Release, the counts do not end with a last unit.
  void Hold() {
    // relaxed: the caller announces the next unit after this, and whoever ends that sees both.
    holds_.fetch_add(1, std::memory_order_relaxed);
  }
  // True: all that was announced had ended before, and this was the last hold; as Ended::last.
  bool Release() {
    // seq_cst, all: of the last end and the last release one sees the other.
    if (holds_.fetch_sub(1, std::memory_order_seq_cst) != 1) return false;
    const std::int64_t ended =
        completed_.load(std::memory_order_seq_cst) + failed_.load(std::memory_order_seq_cst);
    // relaxed: as in Add.
    const std::int64_t total = total_.load(std::memory_order_relaxed);
    return total > 0 && ended >= total && End();
  }

  // Ends them before the last unit has. True: nobody had, nor had that.
  bool End() {
    // relaxed: it decides who was first and publishes nothing.
    return !ended_.exchange(true, std::memory_order_relaxed);
  }

  // A thread's readings never go down. Exact once all calls have returned.
  UnitFigures Read() const {
    UnitFigures seen;
    // acquire, both: pairs with Add; the announcements of the units seen here are visible to
    // the load of the total, which is therefore never behind them.
    seen.completed = completed_.load(std::memory_order_acquire);
    seen.failed = failed_.load(std::memory_order_acquire);
    seen.total = total_.load(std::memory_order_relaxed);
    // More than were announced: the count is right, the announcement was not.
    if (seen.total > 0) seen.total = std::max(seen.total, seen.completed + seen.failed);
    // relaxed: costs are predictions.
    seen.cost = cost_.load(std::memory_order_relaxed);
    seen.total_cost = total_cost_.load(std::memory_order_relaxed);
    return seen;
  }

 private:
  using Count = typename P::template Atomic<std::int64_t>;

  Ended Add(Count& own, const Count& other, std::int64_t count, std::int64_t cost) {
    if (cost != 0) cost_.fetch_add(cost, std::memory_order_relaxed);
    Ended ended;
    // seq_cst, both: of the last that completes and the last that fails, one sees the other.
    ended.count = own.fetch_add(count, std::memory_order_seq_cst) + count;
    ended.count += other.load(std::memory_order_seq_cst);
    // relaxed: what has ended was announced before, see Read.
    const std::int64_t total = total_.load(std::memory_order_relaxed);
    if (total == 0 || ended.count < total) return ended;
    // seq_cst: see Release.
    ended.last = holds_.load(std::memory_order_seq_cst) == 0 && End();
    return ended;
  }

  Count completed_{0};
  Count failed_{0};
  Count total_{0};
  Count cost_{0};
  Count total_cost_{0};
  typename P::template Atomic<std::int32_t> holds_{0};
  typename P::template Atomic<bool> ended_{false};
};

}  // namespace weft::internal

#endif  // WEFT_SYNC_INTERNAL_UNIT_COUNTS_H_
