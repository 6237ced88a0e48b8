// SPDX-License-Identifier: Apache-2.0
//
// A tracker on a clock that the test moves.

#ifndef WEFT_TESTS_SYNC_PROGRESS_JOB_H_
#define WEFT_TESTS_SYNC_PROGRESS_JOB_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "weft/core/virtual_clock.h"
#include "weft/sync/progress_tracker.h"

namespace weft::testing {

// Thread safety: as a tracker.
struct ProgressJob {
  explicit ProgressJob(ProgressOptions options) : tracker(With(std::move(options), clock)) {}

  static ProgressOptions With(ProgressOptions options, const Clock& clock) {
    options.clock = &clock;
    return options;
  }
  ProgressTracker::Part& root() { return tracker.root(); }
  std::string Text() const { return tracker.Snapshot().Text(); }
  double Fraction() const { return tracker.Snapshot().fraction; }
  std::optional<absl::Duration> Remaining() const { return tracker.Snapshot().remaining; }

  VirtualClock clock;
  ProgressTracker tracker;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_SYNC_PROGRESS_JOB_H_
