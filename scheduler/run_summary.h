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
#include "weft/core/task_state.h"
#include "weft/sync/failure_log.h"

namespace weft {

// A task that cannot start because nobody has given `waits_for` a task.
//
// Thread safety: a plain value.
struct UnresolvedDependency {
  TaskId task;
  std::string task_name;  // empty when the task has none
  std::string waits_for;
};

// How long attempts were ready before a worker began with them.
//
// Thread safety: a plain value.
struct QueueWaits {
  std::int64_t count = 0;  // attempts that began
  // So many per cent waited no longer than this. Never too small, and at most an eighth too big;
  // `max` is exact.
  absl::Duration p50, p90, p99, max;
};

// A task on the critical path.
//
// Thread safety: a plain value.
struct CriticalStep {
  TaskId task;       // of a node of a graph: as observers know it
  std::string name;  // empty when the task has none
  TaskState state = TaskState::kPending;
  absl::Duration waited;  // ready, before its first attempt began
  absl::Duration took;    // from there to its end, all attempts; nothing when it ended unrun
};

// Thread safety: a plain value.
struct RunSummary {
  // How many of a kind are listed; the counts are always exact.
  static constexpr std::size_t kListedLimit = FailureLog::kDefaultKeptLimit;

  // OK, or why this is not the whole story: the reason with which the group was
  // cancelled, or why this wait could not be done (FailedPrecondition,
  // ResourceExhausted). Failures of tasks do not count here.
  absl::Status status;

  std::int64_t submitted = 0;  // completed, failed, cancelled, skipped, pending and under way
  std::int64_t completed = 0;
  std::int64_t degraded = 0;  // of those: with less than they should have given
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::int64_t skipped = 0;
  std::int64_t pending = 0;    // after a wait: those that wait for names never submitted
  std::int64_t under_way = 0;  // ready, running or parked: 0 after a wait that was done
  std::int64_t parked = 0;     // of those

  // Calls of Submit that were not accepted: sealed, cancelled or shut down, bad input.
  // (Schedule returns its error instead.)
  std::int64_t refused = 0;

  // The first, in the order of arrival; also of what was refused.
  std::vector<TaskFailure> failures;
  std::vector<UnresolvedDependency> unresolved;  // the first; who waits for which name
  absl::Duration elapsed;  // from the first submission to the latest moment of rest, or to now

  // Workers that oneTBB did not bring within 100 ms since the group was made, or the run began, so
  // that a thread of ours came instead; also for others of the scheduler. 0 when all is well.
  std::int64_t spare_threads = 0;

  // The rest is there with SchedulerOptions::record_runs.
  //
  // Each worker's time in bodies, by TaskContext::worker(), up to the last that ran one. Of
  // attempts that have ended; without the time that a body was blocked in a BlockingScope or a
  // wait, and without what it ran for others meanwhile. Without worker threads blocked time counts,
  // and what a body of simulated workers runs inside itself does not.
  std::vector<absl::Duration> busy;
  QueueWaits queue_waits;
  // From the task that ended last back through the dependency that ended last of each, also in
  // other groups, in the order in which they ran: the last of them. A graph that is a node of
  // another one is one step.
  std::vector<CriticalStep> critical_path;
  std::int64_t critical_path_tasks = 0;  // how many there are in all
  absl::Duration critical_path_took;     // what all of them took, without what they waited

  // Whether every task that was asked for has completed.
  bool ok() const { return status.ok() && completed == submitted && refused == 0; }

  // For people: the counts that are not 0 and, where there are any, the use of the workers, waits,
  // the critical path, the first failures and names that never came. At most 18 lines and 4 KiB,
  // however large the run; long texts are cut, and no text breaks a line.
  std::string ToString() const;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_RUN_SUMMARY_H_
