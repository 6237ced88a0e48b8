// SPDX-License-Identifier: Apache-2.0
//
// Where a group, a run or a loop counts what it does.

#ifndef WEFT_SYNC_PROGRESS_TARGET_H_
#define WEFT_SYNC_PROGRESS_TARGET_H_

#include <cstddef>

#include "weft/sync/progress_tracker.h"

namespace weft {

// Nowhere, the whole of a job (`&tracker`), or a part of one (`&part`), so that several groups may
// be parts of a larger job. It only points there: what it points to stays where it is, and lives,
// for as long as whoever was given this may count.
//
// Thread safety: a plain value.
class ProgressTarget {
 public:
  ProgressTarget() = default;
  // NOLINTBEGIN(google-explicit-constructor): so that `.progress = &tracker` can be written.
  ProgressTarget(std::nullptr_t) {}
  ProgressTarget(ProgressTracker* tracker)
      : part_(tracker == nullptr ? nullptr : &tracker->root()) {}
  ProgressTarget(ProgressTracker::Part* part) : part_(part) {}
  // NOLINTEND(google-explicit-constructor)

  // Null: nowhere.
  ProgressTracker::Part* part() const { return part_; }

 private:
  ProgressTracker::Part* part_ = nullptr;
};

}  // namespace weft

#endif  // WEFT_SYNC_PROGRESS_TARGET_H_
