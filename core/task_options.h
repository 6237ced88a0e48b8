// SPDX-License-Identifier: Apache-2.0
//
// How a task wants to be treated: one struct for Submit and for TaskDefinition.

#ifndef WEFT_CORE_TASK_OPTIONS_H_
#define WEFT_CORE_TASK_OPTIONS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/resource_need.h"
#include "weft/core/retry_policy.h"
#include "weft/core/task_kind.h"

namespace weft {

// Thread safety: a plain value.
struct TaskOptions {
  // What observers and traces call it. Tasks of one kind are expected to cost about the same.
  TaskKind kind = {};

  // Which ready task is taken first. Four lanes: below 0 low, 0 normal, 1 to 9
  // high, 10 and more urgent; strict between lanes, first come first served inside.
  int priority = 0;
  // How long the body will take, in microseconds; 0: what its kind has taken so far, if that is
  // known. For nodes of a graph: of those that are ready, the one with the longest way to the end
  // goes first.
  double cost = 0;

  // How much memory the task fills while it runs. Tasks start as long as what all of them say fits
  // into the scheduler's share (ParallelProcessingConfig::max_memory_percent), and as that much is
  // really free; one that is larger starts when no other has memory. 0: it does not count.
  std::int64_t memory_bytes = 0;
  // What it holds while it runs, of SchedulerOptions::resources: all of it, or it waits, without a
  // worker, and is ready meanwhile. Those that want the same are served in the order in which their
  // turn to run came. Given back at the end of each attempt, whatever that was; kept in a wait
  // inside the body. The same name twice is the sum.
  std::vector<ResourceNeed> resources = {};

  // Whether, and when, an attempt that failed is followed by another. In between the task is
  // parked: it has no worker. A value that the body takes by moving is copied for it; where that
  // cannot be, the task is refused.
  RetryPolicy retry = {};

  // How long one attempt may take, and how long the task from its submission to its end, waits
  // and all attempts included. When the time is over a running body is asked to stop, as by a
  // cancel; what it returns then is DeadlineExceeded: a failed attempt, or the failed task. A
  // task that does not run ends at once.
  absl::Duration attempt_timeout = absl::InfiniteDuration();
  absl::Duration timeout = absl::InfiniteDuration();

  // The body waits for something other than a processor: it runs on a thread of another pool
  // (SchedulerOptions::blocking_threads), and keeps no worker. Without threads it makes no difference.
  bool blocking = false;

  // It runs in any case, once what it depends on has ended, however that did: also when its group
  // is cancelled or late, before or after it was submitted; a sealed group takes none. Cancelling
  // it has no effect. It takes outcomes (const absl::StatusOr<X>&) or nothing of its dependencies,
  // not their values.
  bool finaliser = false;

  // Valid, and nothing but an order and a place among others.
  bool IsPlain() const {
    return kind.empty() && cost == 0 && !IsSpecial() && retry.max_attempts == 1 &&
           retry.IsCommon();
  }
  // Whether running it takes more than calling the body once.
  bool IsSpecial() const { return blocking || NeedsResources() || IsTimed(); }
  bool NeedsResources() const { return memory_bytes != 0 || !resources.empty(); }
  // Whether a clock has a part in it.
  bool IsTimed() const {
    return retry.retries() || timeout != absl::InfiniteDuration() ||
           attempt_timeout != absl::InfiniteDuration();
  }

  // InvalidArgument: a field ("retry.base"), its value, and what is allowed.
  absl::Status Validate() const;
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_OPTIONS_H_
