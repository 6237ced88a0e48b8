// SPDX-License-Identifier: Apache-2.0
//
// What observers are told of tasks.

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

void Engine::TellSubmitted(const EngineTask& task, const TaskOptions* options,
                           const EngineWorker* worker) noexcept {
  TaskInfo info{.name = NameIn(task), .kind = {}};
  if (options != nullptr) {
    info.kind = options->kind;
    info.priority = options->priority;
  }
  TaskEvent event;
  event.slot = worker == nullptr ? -1 : worker->slot();
  event.task = IdIn(task);
  event.info = &info;
  teller_->Tell(event);
}

void Engine::Tell(TaskEventKind kind, TaskState state, const EngineTask& task,
                  const EngineWorker* worker, TaskId other, int attempt) noexcept {
  TaskEvent event;
  event.kind = kind;
  event.state = state;
  event.slot = worker == nullptr ? -1 : worker->slot();
  event.attempt = attempt;
  event.task = IdIn(task);
  event.other = other;
  teller_->Tell(event);
}

// The end is told under the same lock.
void Engine::TellBeforeEnd(TaskEventKind kind, TaskState state, EngineTask& task,
                           const EngineWorker* worker, TaskId other) noexcept {
  Bits seen = 0;
  if (!task.LockEdges(seen)) return;
  Tell(kind, state, task, worker, other);
  task.UnlockEdges();
}

}  // namespace weft::internal
