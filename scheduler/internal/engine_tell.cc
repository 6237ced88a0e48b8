// SPDX-License-Identifier: Apache-2.0
//
// What observers are told of tasks.

#include <cstdint>

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"

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
  const std::int64_t at = teller_->Tell(event);
  if (recorder_) NoteEvent(event.kind, event.state, task, event.slot, at);
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
  const std::int64_t at = teller_->Tell(event);
  if (recorder_) NoteEvent(kind, state, task, event.slot, at);
}

// The end is told under the same lock.
void Engine::TellBeforeEnd(TaskEventKind kind, TaskState state, EngineTask& task,
                           const EngineWorker* worker, TaskId other) noexcept {
  Bits seen = 0;
  if (!task.LockEdges(seen)) return;
  Tell(kind, state, task, worker, other);
  task.UnlockEdges();
}

void Engine::TellReleased(EngineTask& task, const EngineWorker* worker, TaskId from,
                          TaskRecord* record) noexcept {
  Bits seen = 0;
  if (!task.LockEdges(seen)) return;
  Tell(TaskEventKind::kReleased, TaskState::kPending, task, worker, from);
  if (TaskRecord* const own = RecordOf(task); own != nullptr && record != nullptr) {
    RunRecorder::NoteReleased(*own, *record);
  }
  task.UnlockEdges();
}

void Engine::SetReleaser(const EngineTask& task, Ending& ending) noexcept {
  ending.from = IdIn(task);
  ending.record = RecordPtr(RecordOf(task));
}

}  // namespace weft::internal
