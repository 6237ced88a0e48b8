// SPDX-License-Identifier: Apache-2.0
//
// What a task has that is tried again, has a deadline, needs resources, or whose times are wanted.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_POLICY_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_POLICY_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/retry_policy.h"
#include "weft/core/task_result.h"
#include "weft/scheduler/internal/pool_item.h"
#include "weft/scheduler/internal/resource_claim.h"
#include "weft/scheduler/internal/resource_waiter.h"
#include "weft/scheduler/internal/task_ptr.h"
#include "weft/scheduler/internal/timer_queue.h"

namespace weft::internal {

// The one timer of a task: what it is for, the task's state and the clock say.
//
// Thread safety: as Timer; while it is armed it holds a pin.
struct TaskTimer : Timer {
  EngineTask* task = nullptr;
};

// What a task needs of the scheduler's resources while it runs.
//
// Thread safety: the claim is constant; the rest is guarded as TaskPolicy.
struct TaskNeeds {
  struct Waiter : ResourceWaiter {
    using ResourceWaiter::ResourceWaiter;
    EngineTask* task = nullptr;
  };
  enum class State {
    kNone,
    kWaits,  // the ledger has a pin of the task; or it was granted, and whoever is to say so has
    kHeld,
    kOver,  // it has ended; what it is granted now goes back at once
  };

  explicit TaskNeeds(ResourceClaim what) : claim(std::move(what)), waiter(claim) {}

  const ResourceClaim claim;
  Waiter waiter;
  State state = State::kNone;
};

// A task whose body runs on a thread of the pool for those that block.
//
// Thread safety: `task` is constant; the rest is guarded as TaskPolicy.
struct PooledTask : PoolItem {
  EngineTask* task = nullptr;
  bool pooled = false;   // it waits there, with a pin
  bool counted = false;  // meanwhile it is in flight
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
  std::unique_ptr<TaskNeeds> needs;                           // null: none
  std::unique_ptr<PooledTask> blocking;                       // null: it is none
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
  bool armed = false;   // the timer has been, at some time
  bool closed = false;  // the task is about to end, or has

  // Whether it may come into a queue a second time.
  bool ComesAgain() const { return retries != nullptr || needs != nullptr; }
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_POLICY_H_
