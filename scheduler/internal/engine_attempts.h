// SPDX-License-Identifier: Apache-2.0

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_ATTEMPTS_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_ATTEMPTS_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/core/task_options.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/task_extras.h"

namespace weft::internal {

// What tasks with a policy do more than others: they are tried again, or are late.
//
// A task's timer, the worker that runs it, and whoever ends it meet under the lock of its
// rarities. Whoever takes the timer out of its queue has its pin; who comes too late to take it
// out finds that there is nothing to do.
//
// Thread safety: any thread, for who holds a reference to the task.
class Engine::Attempts {
 public:
  // Null: the options ask for nothing of the kind. Errors: what TaskOptions::Validate and
  // Timers::Prepare say. Throws std::bad_alloc.
  static absl::StatusOr<std::unique_ptr<TaskPolicy>> MakePolicy(const GroupCore& group,
                                                                const TaskOptions* options);
  // For who submits the task, and has counted it: from now on it can be late.
  static void StartClock(EngineTask& task) noexcept;
  // Before the end, under the lock. True: the timer's pin is the caller's.
  static bool Close(Engine& engine, TaskPolicy& policy) noexcept;

  // Of a task whose own entry was taken out of its queue: whether it is to be put back, because the
  // task was resumed, or granted what it needs, meanwhile.
  static bool KeepEntry(EngineTask& task) noexcept;

  // What a token says whose task is late.
  static absl::Status LateStatus() noexcept;

 private:
  friend class Engine;
  static void Fire(Timer& timer) noexcept;
  static void EndLate(EngineTask& task, std::optional<CancellationSource> source) noexcept;
  static bool DecideRetry(EngineTask& task, const TaskPolicy& policy, absl::Duration now,
                          absl::Status& status, absl::Duration& backoff) noexcept;
  static void Keep(TaskPolicy::Retries& retries, AttemptRecord record) noexcept;
  // Requires the lock.
  static void Rearm(EngineTask& task, TaskPolicy& policy) noexcept;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_ATTEMPTS_H_
