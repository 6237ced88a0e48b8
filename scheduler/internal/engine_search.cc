// SPDX-License-Identifier: Apache-2.0
//
// Where nobody else can come, a worker that waits finds what its target needs.

#include <cstdint>
#include <new>
#include <vector>

#include "absl/container/flat_hash_set.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/raised_entry.h"
#include "weft/scheduler/internal/simulated_workers.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {
namespace {

bool IsClaimable(const EngineTask& task) {
  const auto word = task.word.load(std::memory_order_relaxed);
  return TaskWord::StateIn(word) == TaskState::kPending && (word & TaskWord::kEnding) == 0;
}

// A list through entries that are in no queue any more.
void Chain(ReadyNode& entry, ReadyNode*& first) {
  // relaxed: one thread's.
  entry.link.store(first == nullptr ? 0 : EnginePool::IndexOf(*first), std::memory_order_relaxed);
  first = &entry;
}

}  // namespace

// A task that was claimed by who waited for it leaves an entry in its queue, which a
// worker that has nothing else would drop; here, nobody may have the time.
void Engine::DropStale() {
  constexpr std::int64_t kTolerated = 64;
  const std::int64_t stale = stale_.load(std::memory_order_relaxed);
  const auto queued = static_cast<std::int64_t>(loop_.lanes().size());
  if (stale < kTolerated || stale < queued / 2) return;
  stale_.store(0, std::memory_order_relaxed);
  ReadyNode* dropped = nullptr;
  loop_.lanes().Sweep(
      [&dropped](ReadyNode& node) {
        if (!node.ops->is_task || IsClaimable(TaskOf(node))) return false;
        Chain(node, dropped);
        return true;
      },
      [] { return false; });
  Drop(dropped);
}

void Engine::Drop(ReadyNode* first) {
  while (first != nullptr) {
    ReadyNode& entry = *first;
    const std::uint32_t next = entry.link.load(std::memory_order_relaxed);
    first = next == 0 ? nullptr : &pool_->NodeOf(next);
    DropEntry(entry);
  }
}

// Where there is no memory for the search, only a task that is itself a part of the target
// is found.
Engine::Helped Engine::RunHelp(const WaitTarget& target, EngineWorker& worker) {
  EngineTask* found = nullptr;
  ReadyNode* dropped = nullptr;  // entries that nobody needs, linked through themselves
  ReadyNode* own = nullptr;      // those of the task that was found, which hold it
  EngineTask::Claimed claimed = EngineTask::Claimed::kNot;
  bool no_memory = false;
  PinnedTasks kept;
  absl::flat_hash_set<const EngineTask*> seen;
  const auto leads_there = [&](EngineTask& ready) {
    if (IsPart(ready, target)) return true;
    std::vector<EngineTask*> open = {&ready};
    while (!open.empty()) {
      EngineTask& task = *open.back();
      open.pop_back();
      if (!InsertSafely(seen, &task)) continue;
      kept.Keep(task);
      if (IsPart(task, target)) return true;
      AddSuccessors(task, open, kept);
    }
    return false;
  };
  const auto claim = [&](EngineTask& task) {
    bool leads = false;
    try {
      leads = leads_there(task);
    } catch (const std::bad_alloc&) {
      no_memory = true;
    }
    if (leads) claimed = task.Claim();
    if (claimed == EngineTask::Claimed::kNot) return false;
    found = &task;
    return true;
  };
  const auto drop = [&](ReadyNode& node) {
    if (!node.ops->is_task) return false;  // of a graph, for which nobody waits here
    EngineTask& task = TaskOf(node);
    if (IsClaimable(task) && !claim(task)) return false;
    Chain(node, &task == found ? own : dropped);
    return true;
  };
  const auto done = [&found] { return found != nullptr; };
  loop_.lanes().Sweep(drop, done);
  if (simulated_ != nullptr) {
    const auto take_over = [&](ReadyNode& node) {  // its entry stays
      if (done() || !node.ops->is_task) return;
      EngineTask& task = TaskOf(node);
      if (IsClaimable(task)) claim(task);
    };
    simulated_->ForEachTaken(take_over);
    for (int slot = 0; slot < loop_.used_slots() && !done(); ++slot) {
      loop_.WorkerAt(slot).Sweep(take_over, drop, done);
    }
  }
  // Before the body, in which a task of theirs may be resumed: its entry is put back then.
  Drop(dropped);
  if (found != nullptr) RunClaimed(*found, worker, claimed);
  Drop(own);
  if (found != nullptr) return Helped::kRan;
  return no_memory ? Helped::kNoMemory : Helped::kNothing;
}

}  // namespace weft::internal
