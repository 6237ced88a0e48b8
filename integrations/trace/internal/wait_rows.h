// SPDX-License-Identifier: Apache-2.0
//
// Which row a slice is drawn in, so that none overlaps another in its row.

#ifndef WEFT_INTEGRATIONS_TRACE_INTERNAL_WAIT_ROWS_H_
#define WEFT_INTEGRATIONS_TRACE_INTERNAL_WAIT_ROWS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace weft::internal {

// Rows up to a limit; the first that is free is taken, so that few are used while few overlap.
//
// Thread safety: one thread at a time.
// Cost: O(log rows).
class WaitRows {
 public:
  static constexpr int kNone = -1;

  explicit WaitRows(int rows)
      : leaves_(std::bit_ceil(static_cast<std::size_t>(std::max(rows, 1)))),
        free_from_(2 * leaves_, kNever) {
    for (int row = 0; row < rows; ++row) Set(leaves_ + static_cast<std::size_t>(row), kAlways);
  }

  // The row for a slice that lasts from `begin_ns` to `end_ns`. kNone: all are taken.
  int Take(std::int64_t begin_ns, std::int64_t end_ns) {
    if (free_from_[1] > begin_ns) return kNone;
    std::size_t at = 1;
    while (at < leaves_) {
      at *= 2;
      if (free_from_[at] > begin_ns) ++at;
    }
    Set(at, end_ns);
    return static_cast<int>(at - leaves_);
  }

 private:
  static constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void Set(std::size_t at, std::int64_t free_from) {
    free_from_[at] = free_from;
    while ((at /= 2) > 0) free_from_[at] = std::min(free_from_[2 * at], free_from_[2 * at + 1]);
  }

  const std::size_t leaves_;
  // A tree: [1] is the root, [leaves_ + row] the row, each inner one the least below it.
  std::vector<std::int64_t> free_from_;
};

}  // namespace weft::internal

#endif  // WEFT_INTEGRATIONS_TRACE_INTERNAL_WAIT_ROWS_H_
