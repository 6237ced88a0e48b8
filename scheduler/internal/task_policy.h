// SPDX-License-Identifier: Apache-2.0
//
// What a task has that is tried again, has a deadline, or whose times are wanted.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_POLICY_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_POLICY_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/retry_policy.h"
#include "weft/core/task_result.h"
#include "weft/scheduler/internal/task_ptr.h"
#include "weft/scheduler/internal/timer_queue.h"

namespace weft::internal {

// The one timer of a task: what it is for, the task's state and the clock say.
//
// Thread safety: as Timer; while it is armed it holds a pin.
struct TaskTimer : Timer {
  EngineTask* task = nullptr;
};

// Times are those of the scheduler's clock.
//
// Thread safety: constant from the submission on, or guarded by the lock of the task's rarities,
// as said.
struct TaskPolicy {
  struct Retries {
    static constexpr std::size_t kMostKept = 100;

    RetryPolicy policy;  // constant
    // Guarded: of the attempts that have failed the first and the last ones.
    std::vector<AttemptRecord> attempts;
    absl::Duration backoff;  // the last one
    absl::Duration waited;   // all of them
  };

  double cost = 0;                                            // constant
  bool records_times = false;                                 // constant
  absl::Duration attempt_timeout = absl::InfiniteDuration();  // constant
  absl::Duration deadline = absl::InfiniteDuration();         // constant
  std::unique_ptr<Retries> retries;                           // null: one attempt
  TaskTimes times;                                            // guarded, as are the others
  int begun = 0;                                              // attempts
  // Its own entry is in a queue, or will be: one that somebody else has run stays there, and must
  // not be linked in a second time.
  bool queued = true;
  bool late = false;                                           // the one that runs was told so
  bool overdue = false;                                        // the task was
  absl::Duration attempt_began = -absl::InfiniteDuration();    // the last one
  absl::Duration attempt_deadline = absl::InfiniteDuration();  // of the one that runs
  absl::Duration wakes = absl::InfiniteDuration();             // a parked task
  TaskTimer timer;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_POLICY_H_
