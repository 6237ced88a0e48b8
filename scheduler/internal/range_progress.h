// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_RANGE_PROGRESS_H_
#define WEFT_SCHEDULER_INTERNAL_RANGE_PROGRESS_H_

#include <cstddef>
#include <cstdint>

#include "weft/sync/progress_target.h"

namespace weft::internal {

// The items of one call in the progress that its caller wants counted: announced all together,
// then each ended once.
//
// Thread safety: every method from any thread.
class RangeProgress {
 public:
  RangeProgress(ProgressTarget target, std::size_t items) : part_(target.part()) {
    if (part_ != nullptr && items > 0) part_->Announce(static_cast<std::int64_t>(items));
  }
  RangeProgress(const RangeProgress&) = delete;
  RangeProgress& operator=(const RangeProgress&) = delete;

  void Complete(std::size_t items) const {
    if (part_ != nullptr && items > 0) part_->Complete(static_cast<std::int64_t>(items));
  }
  void Fail(std::size_t items) const {
    if (part_ != nullptr && items > 0) part_->Fail(static_cast<std::int64_t>(items));
  }
  void End(bool well) const { well ? Complete(1) : Fail(1); }

 private:
  ProgressTracker::Part* const part_;  // null: nobody counts
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RANGE_PROGRESS_H_
