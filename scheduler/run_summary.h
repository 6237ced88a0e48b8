// SPDX-License-Identifier: Apache-2.0
//
// How a group of tasks went.

#ifndef WEFT_SCHEDULER_RUN_SUMMARY_H_
#define WEFT_SCHEDULER_RUN_SUMMARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/task_id.h"
#include "weft/sync/failure_log.h"

namespace weft {

// A task that cannot start because nobody has given `waits_for` a task.
struct UnresolvedDependency {
  TaskId task;
  std::string task_name;  // empty when the task has none
  std::string waits_for;
};

// Thread safety: a plain value.
struct RunSummary {
  // How many of a kind are listed; the counts are always exact.
  static constexpr std::size_t kListedLimit = FailureLog::kDefaultKeptLimit;

  // OK, or why this is not the whole story: the reason with which the group was
  // cancelled, or why this wait could not be done (FailedPrecondition,
  // ResourceExhausted). Failures of tasks do not count here.
  absl::Status status;

  std::int64_t submitted = 0;  // the sum of the six below
  std::int64_t completed = 0;
  std::int64_t degraded = 0;  // of those: with less than they should have given
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::int64_t skipped = 0;
  std::int64_t pending = 0;    // after a wait: those that wait for names never submitted
  std::int64_t under_way = 0;  // ready, running or parked: 0 after a wait that was done

  // Calls of Submit that were not accepted: sealed, cancelled or shut down, bad input.
  // (Schedule returns its error instead.)
  std::int64_t refused = 0;

  std::vector<TaskFailure> failures;             // the first, in the order of arrival
  std::vector<UnresolvedDependency> unresolved;  // the first; who waits for which name
  absl::Duration elapsed;  // from the first submission to the latest moment of rest, or to now

  // Whether every task that was asked for has completed.
  bool ok() const { return status.ok() && completed == submitted && refused == 0; }
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_RUN_SUMMARY_H_
