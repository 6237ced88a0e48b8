// SPDX-License-Identifier: Apache-2.0
//
// How a task is counted when it comes in: a few instructions of each submission.

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_ADMIT_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_ADMIT_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

// Whether the task that runs in this thread, if any, belongs to the group: then the
// worker counts for it.
inline bool InTaskOf(const GroupCore& group, const EngineWorker* worker) {
  return worker != nullptr && worker->current() != nullptr && worker->current()->scope == &group;
}

inline void Engine::CountIn(GroupCore& group, EngineWorker* worker, std::int64_t tasks) {
  if (InTaskOf(group, worker)) {
    worker->CountSubmitted(group, tasks);
  } else {
    group.CountSubmitted(tasks);
  }
}

inline void Engine::TakeBack(GroupCore& group, EngineWorker* worker,
                             const GroupCore::Rest& before) {
  if (InTaskOf(group, worker)) {
    worker->TakeBackSubmitted(group);
  } else {
    group.TakeBackSubmitted(before);
  }
}

inline bool Engine::TryAdmit(GroupCore& group, EngineWorker* worker, bool finaliser,
                             std::int64_t tasks) const {
  if (!group.Takes(finaliser)) [[unlikely]]
    return false;
  if (worker != nullptr) {
    CountIn(group, worker, tasks);
    return true;
  }
  const GroupCore::Rest rest = group.rest();
  group.CountSubmitted(tasks);
  // seq_cst, after the count: a shutdown sets the phase, then looks at the count.
  if (phase_.load(std::memory_order_seq_cst) == Phase::kOpen) [[likely]]
    return true;
  group.TakeBackSubmitted(rest, tasks);
  return false;
}

inline absl::Status Engine::Admit(GroupCore& group, EngineWorker* worker, bool finaliser,
                                  std::int64_t tasks) const {
  if (TryAdmit(group, worker, finaliser, tasks)) return absl::OkStatus();
  return WhyNotAdmitted(group, finaliser);
}

inline bool Engine::EnterPlainly(GroupCore& group, EngineWorker* worker,
                                 const TaskOptions* options) const {
  if (options != nullptr || group.special() || !TryAdmit(group, worker, false)) return false;
  group.StartClock();
  return true;
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_ADMIT_H_
