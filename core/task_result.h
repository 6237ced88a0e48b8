// SPDX-License-Identifier: Apache-2.0
//
// What there is to say about one task at one moment.

#ifndef WEFT_CORE_TASK_RESULT_H_
#define WEFT_CORE_TASK_RESULT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/retry_policy.h"
#include "weft/core/task_id.h"
#include "weft/core/task_state.h"

namespace weft {

// When a task passed its states, on the scheduler's monotonic clock. A time that
// did not come to pass (a skipped task never starts) is -InfiniteDuration().
//
// Thread safety: a plain value.
struct TaskTimes {
  absl::Duration submitted = -absl::InfiniteDuration();
  absl::Duration started = -absl::InfiniteDuration();
  absl::Duration ended = -absl::InfiniteDuration();
};

// A snapshot; once the state is terminal it never changes again.
//
// Thread safety: a plain value.
struct TaskResult {
  TaskId id;
  std::string name;  // empty when the task has none
  TaskState state = TaskState::kPending;
  // OK until the task has ended. Then OK for kCompleted, the error of the body
  // for kFailed, the reason given for kCancelled, or what a body that gave in returned. A kSkipped
  // task has its root cause's code and "skipped: dependency 'NAME' failed: TEXT".
  absl::Status status;
  int attempts = 0;  // how often the body was started
  // Of a task that may be tried again: those of its attempts that failed, or the first and the
  // last fifty of them.
  std::vector<AttemptRecord> failed_attempts;
  // Why a completed task's value is less than it should be (TaskContext::Degrade); OK: it is not.
  absl::Status degraded;
  std::optional<TaskTimes> times;  // only with SchedulerOptions::record_times
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_RESULT_H_
