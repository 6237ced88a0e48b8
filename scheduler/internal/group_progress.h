// SPDX-License-Identifier: Apache-2.0
//
// What tasks and nodes are in the progress that somebody wants counted.

#ifndef WEFT_SCHEDULER_INTERNAL_GROUP_PROGRESS_H_
#define WEFT_SCHEDULER_INTERNAL_GROUP_PROGRESS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "weft/core/task_options.h"
#include "weft/scheduler/internal/body_scope.h"
#include "weft/scheduler/internal/group_core.h"
#include "weft/scheduler/internal/task_extras.h"

namespace weft::internal {

// A predicted cost in whole microseconds: sums of them are exact, so that what is announced and
// what has ended agree. None is lost, and sums have room.
inline std::int64_t UnitCost(double microseconds) {
  constexpr double kMost = 1e12;
  if (!(microseconds > 0)) return 0;
  return std::max<std::int64_t>(1, std::llround(std::min(microseconds, kMost)));
}

// A task that comes in, before it can run. Null `options`: the default ones.
inline void AnnounceTask(GroupCore& group, const TaskOptions* options) {
  if (group.progress() == nullptr) return;
  group.progress()->Announce(1, options == nullptr ? 0 : UnitCost(options->cost));
}

// A task that is about to end, by who ends it. Calls the listener: under no lock, and in a body's
// place, for it may do what bodies do.
inline void CountEnded(EngineTask& task, bool well) noexcept {
  ProgressTracker::Part* const part = static_cast<GroupCore&>(*task.scope).progress();
  if (part == nullptr) return;
  const TaskRarities* const rarities = RaritiesOf(task);
  const TaskPolicy* const policy = rarities == nullptr ? nullptr : rarities->policy.get();
  const std::int64_t cost = policy == nullptr ? 0 : UnitCost(policy->cost);
  well ? part->Complete(1, cost) : part->Fail(1, cost);
}
// The same where no other body is going on.
inline void CountEnded(EngineTask& task, bool well, EngineWorker& worker) noexcept {
  if (static_cast<GroupCore&>(*task.scope).progress() == nullptr) return;
  const BodyScope body(&worker, task);
  CountEnded(task, well);
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_GROUP_PROGRESS_H_
