// SPDX-License-Identifier: Apache-2.0
//
// A tracker for groups, maps and runs of graphs, and what is expected of it.

#ifndef WEFT_TESTS_SCHEDULER_COUNTED_H_
#define WEFT_TESTS_SCHEDULER_COUNTED_H_

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/task_group.h"
#include "weft/sync/progress_tracker.h"

namespace weft::testing {

// Looks at the snapshot after each event, or now and then where several threads tell at once:
// nothing may go back, or beyond its total.
//
// Thread safety: as a tracker.
class Counted {
 public:
  // Null: nothing is done at an event but looking.
  explicit Counted(std::function<void()> at_event = nullptr)
      : at_event_(std::move(at_event)),
        tracker({.label = "Task",
                 .listener = [this](const ProgressSnapshot& now) { Look(now); },
                 .interval = absl::ZeroDuration()}) {}

  ProgressLevel whole() const { return tracker.Snapshot().levels.front(); }
  static ProgressLevel Whole(std::int64_t completed, std::int64_t failed, std::int64_t total) {
    return {.label = "Task", .completed = completed, .failed = failed, .total = total};
  }

 private:
  // Called by one thread at a time.
  void Look(const ProgressSnapshot& now) {
    const ProgressLevel& level = now.levels.front();
    EXPECT_GE(level.completed, seen_.completed);
    EXPECT_GE(level.failed, seen_.failed);
    EXPECT_GE(level.total, seen_.total);
    EXPECT_LE(level.completed + level.failed, level.total);
    EXPECT_GE(now.fraction, fraction_);
    seen_ = level;
    fraction_ = now.fraction;
    if (at_event_ != nullptr) at_event_();
  }

  const std::function<void()> at_event_;
  ProgressLevel seen_;
  double fraction_ = 0;

 public:
  ProgressTracker tracker;  // last: calls the listener
};

// What the progress of a group, or of one run, is by its summary.
inline ProgressLevel WholeOf(const RunSummary& summary) {
  return Counted::Whole(summary.completed, summary.failed + summary.cancelled + summary.skipped,
                        summary.submitted);
}

// Waits for a name that nobody submits. Empty: it was refused.
inline Task<> OnGhost(TaskGroup& group, std::string id, double cost = 0) {
  auto task = group.Schedule({.id = std::move(id),
                              .function = [] {},
                              .dependencies = {"ghost"},
                              .options = {.cost = cost}});
  return task.ok() ? *task : Task<>();
}

}  // namespace weft::testing

// googletest prints it where levels differ.
namespace weft {
inline void PrintTo(const ProgressLevel& level, std::ostream* out) {
  *out << level.completed << " completed, " << level.failed << " failed of " << level.total;
}
}  // namespace weft

#endif  // WEFT_TESTS_SCHEDULER_COUNTED_H_
