// SPDX-License-Identifier: Apache-2.0
//
// How a task is counted when it comes in: a few instructions of each submission.

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_ADMIT_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_ADMIT_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/exception_status.h"

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

inline absl::Status Engine::Admit(GroupCore& group, EngineWorker* worker,
                                  std::int64_t tasks) const {
  const auto shut_down = [] {
    return StatusWithText(absl::StatusCode::kFailedPrecondition,
                          "the scheduler is shut down: it takes no more tasks");
  };
  if (absl::Status refusal = group.Refusal(); !refusal.ok()) {
    // A shutdown seals all groups.
    const bool closed = phase_.load(std::memory_order_relaxed) == Phase::kClosed;
    return closed && absl::IsFailedPrecondition(refusal) ? shut_down() : refusal;
  }
  const GroupCore::Rest rest = worker == nullptr ? group.rest() : GroupCore::Rest{};
  CountIn(group, worker, tasks);
  // seq_cst, after the count: a shutdown sets the phase, then looks at the count.
  if (worker == nullptr && phase_.load(std::memory_order_seq_cst) != Phase::kOpen) {
    group.TakeBackSubmitted(rest, tasks);
    return shut_down();
  }
  return absl::OkStatus();
}

inline absl::Status Engine::Enter(GroupCore& group, EngineTask& task, EngineWorker* worker,
                                  const TaskOptions* options) {
  const bool bounded = group.pending.bounded();
  absl::Status refusal = OrOutOfMemory([&] {
    const bool plain = options == nullptr || options->IsPlain();
    if (!plain || AreSpecial(group)) [[unlikely]] {
      absl::Status prepared = Prepare(group, task, options);
      if (!prepared.ok()) return prepared;
    }
    if (bounded) [[unlikely]] {
      absl::Status entered = EnterBound(group, worker, 1);
      if (!entered.ok()) return entered;
    }
    absl::Status admitted = Admit(group, worker);
    if (bounded && !admitted.ok()) LeaveBound(group, 1);
    return admitted;
  });
  if (refusal.ok()) group.StartClock();
  return refusal;
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_ADMIT_H_
