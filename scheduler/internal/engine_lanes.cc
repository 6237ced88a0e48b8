// SPDX-License-Identifier: Apache-2.0
//
// Tasks rise to higher lanes: because somebody asks for it, or because a task of a higher
// lane waits for them.
//
// Whom a task waits for is not kept until the first time that this matters. Then all that is
// there is looked through once, and from then on each task that comes in keeps it.

#include <atomic>
#include <mutex>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_attempts.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_successors.h"
#include "weft/scheduler/internal/list_room.h"
#include "weft/scheduler/internal/raised_entry.h"
#include "weft/scheduler/internal/raising.h"

namespace weft::internal {
namespace {

bool Waits(const EngineTask& task) {
  return EnginePool::JoinOf(task).load(std::memory_order_relaxed) != 0;
}

}  // namespace

ReadyNode* StepRaised(ReadyNode& node, EngineWorker& worker) noexcept {
  EngineTask& task = TaskOf(node);
  Engine::FreeEntry(static_cast<EngineTask&>(node), &worker);
  return Engine::StepEntry(task, worker);
}

void Engine::FreeEntry(EngineTask& entry, EngineWorker* worker) noexcept {
  Engine& engine = Of(entry);
  NextGeneration(entry);
  if (worker != nullptr) {
    engine.tasks_.Give(worker->tasks(), &entry);
  } else {
    engine.tasks_.GiveOutside(&entry, [] {});
  }
}

void Engine::DropEntry(ReadyNode& node) noexcept {
  EngineTask& task = TaskOf(node);
  if (&task != &node) {
    FreeEntry(static_cast<EngineTask&>(node), Of(task).WorkerOfThread());
  } else if (Attempts::KeepEntry(task)) {
    Of(task).loop_.AddShared(task, LaneIn(task.word.load(std::memory_order_relaxed)));
    return;
  }
  Unpin(task);
}

// Where there is no memory for one more entry it starts when its turn comes.
void Engine::AddRaised(EngineTask& task, Lane lane) noexcept {
  EngineWorker* const worker = WorkerOfThread();
  EngineTask* entry = nullptr;
  try {
    entry = worker != nullptr ? tasks_.Take(worker->tasks()) : tasks_.TakeOutside();
  } catch (const std::bad_alloc&) {
    return;
  }
  entry->ops = &kRaisedOps;
  entry->scope = task.scope;
  entry->edges = 0;
  ::new (static_cast<void*>(entry->payload)) EngineTask*(&task);
  // For who looks through all tasks, one that has gone.
  entry->word.store(static_cast<Bits>(TaskState::kCompleted), std::memory_order_relaxed);
  task.Add(TaskWord::kPin);
  loop_.AddShared(*entry, lane);
  WakeShared(worker);
}

// False: it was as high already, or has started.
bool Engine::RaiseOne(EngineTask& task, Lane lane) noexcept {
  const Raised raised = RaiseLane(task, EnginePool::JoinOf(task), lane);
  if (raised == Raised::kReady) AddRaised(task, lane);
  return raised != Raised::kNot;
}

void Engine::Raise(EngineTask& first, Lane lane) noexcept {
  if (Forked() || !RaiseOne(first, lane) || !Waits(first)) return;
  try {
    KeepPredecessors();
    std::vector<TaskPin> open;
    open.emplace_back(&first);
    while (!open.empty()) {
      const TaskPin task = std::move(open.back());
      open.pop_back();
      for (const TaskId id : PredecessorsOf(*task)) {
        absl::StatusOr<TaskPin> found = FindAny(id);
        if (found.ok() && RaiseOne(**found, lane) && Waits(**found)) {
          open.push_back(*std::move(found));
        }
      }
    }
  } catch (const std::bad_alloc&) {
    // The others start when their turn comes.
  }
}

std::vector<TaskId> Engine::PredecessorsOf(const EngineTask& task) {
  TaskRarities* const rarities = RaritiesOf(task);
  if (rarities == nullptr) return {};
  std::lock_guard lock(rarities->lock);
  return rarities->predecessors;
}

void Engine::AddPredecessor(EngineTask& task, EngineTask& predecessor) {
  TaskRarities& rarities = MakeExtras(task).rarities.Make();
  const TaskId id = IdOf(predecessor);
  std::lock_guard lock(rarities.lock);
  rarities.predecessors.push_back(id);
}

void Engine::KeepPredecessors() {
  // seq_cst: before the look at all tasks. Who submits one looks here when its edges are there.
  if (inherits_.load(std::memory_order_relaxed) || inherits_.exchange(true)) return;
  std::vector<TaskPin> all;
  tasks_.ForEach([&all](EngineTask& task) {
    MakeRoomAtEnd(all);
    if (!TaskWord::Ended(task.word.load(std::memory_order_seq_cst)) && task.TryPin()) {
      all.push_back(TaskPin::Adopt(&task));
    }
  });
  std::vector<EngineTask*> successors;
  for (const TaskPin& task : all) {
    PinnedTasks kept;
    successors.clear();
    AddSuccessors(*task, successors, kept);
    for (EngineTask* const successor : successors) AddPredecessor(*successor, *task);
  }
}

void Engine::Inherit(EngineTask& task, std::span<const Dependency> dependencies) noexcept {
  const Lane lane = LaneIn(task.word.load(std::memory_order_relaxed));
  try {
    KeepPredecessors();
    for (const Dependency& dependency : dependencies) AddPredecessor(task, *dependency.task);
  } catch (const std::bad_alloc&) {
    // What a later raise of this task does not find starts when its turn comes.
  }
  for (const Dependency& dependency : dependencies) Raise(*dependency.task, lane);
}

}  // namespace weft::internal
