// SPDX-License-Identifier: Apache-2.0
//
// What is recorded of tasks, and what a summary says of it.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/simulated_workers.h"
#include "weft/scheduler/internal/task_extras.h"

namespace weft::internal {

void Engine::MakeRecord(EngineTask& task) {
  RecordPtr record(new TaskRecord);
  record->id = IdIn(task);
  record->name = std::string(NameIn(task));
  MakeExtras(task).rarities.Make().record = std::move(record);
}

// The events of one task come one after the other; but kReady may come together with a kStarted,
// where somebody who waits for the task takes it at that moment.
void Engine::NoteEvent(TaskEventKind kind, TaskState state, const EngineTask& task, int slot,
                       std::int64_t at) noexcept {
  constexpr std::int64_t kNever = TaskRecord::kNever;
  if (kind == TaskEventKind::kReleased) return;
  TaskRecord* const record = RecordOf(task);
  RunRecord* const run = static_cast<const GroupCore&>(*task.scope).record.get();
  if (record == nullptr || run == nullptr) return;
  if (kind == TaskEventKind::kStarted && simulated_ && &simulated_->clock() == &clock_) {
    at = teller_->At(simulated_->begin());
  }
  record->since.store(at, std::memory_order_relaxed);
  switch (kind) {
    case TaskEventKind::kSubmitted:
    case TaskEventKind::kReleased: return;
    case TaskEventKind::kReady: return record->ready.store(at, std::memory_order_relaxed);
    case TaskEventKind::kStarted: {
      const std::int64_t ready = record->ready.exchange(kNever, std::memory_order_relaxed);
      const std::int64_t waited = ready == kNever ? 0 : std::max<std::int64_t>(at - ready, 0);
      run->AddWait(waited);
      if (record->began.load(std::memory_order_relaxed) == kNever) {
        record->began.store(at, std::memory_order_relaxed);
        record->waited = waited;
      }
      record->runs = true;
      return recorder_->Begin(*run, slot, at, record->outer);
    }
    case TaskEventKind::kParked:
      record->runs = false;
      return recorder_->End(slot, at, record->outer);
    case TaskEventKind::kEnded:
      if (record->runs) recorder_->End(slot, at, record->outer);
      record->runs = false;
      return recorder_->NoteEnded(*run, *record, state, slot, at);
  }
}

void Engine::AddRecorded(GroupCore& group, RunSummary& summary) {
  if (summary.under_way > 0) summary.parked = CountParkedIn(group);
  if (!group.record) return;
  group.record->Describe(summary);
  recorder_->DescribePath(group.record->last(), summary);
}

// Each is looked at only while any is parked: whoever waits for a group has none then.
std::int64_t Engine::CountParkedIn(const GroupCore& group) {
  if (parked_.load(std::memory_order_relaxed) == 0) return 0;
  const auto is_parked = [](const EngineTask& task) {
    const Bits word = task.word.load(std::memory_order_relaxed);
    return TaskWord::StateIn(word) == TaskState::kParked && TaskWord::Referenced(word);
  };
  std::int64_t count = 0;
  tasks_.ForEach([&](EngineTask& task) {
    if (!is_parked(task) || !task.TryPin()) return;
    const TaskPin held = TaskPin::Adopt(&task);
    if (task.scope == &group && is_parked(task)) ++count;
  });
  return count;
}

}  // namespace weft::internal
