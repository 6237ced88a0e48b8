// SPDX-License-Identifier: Apache-2.0
//
// Who depends on whom, for those who wait: a wait that can never end is refused, and one
// worker finds what the target needs.

#include <cstdint>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"

namespace weft::internal {
namespace {

bool IsPart(const EngineTask& task, const WaitTarget& of) {
  if (of.task != nullptr) return &task == of.task;
  return task.scope == static_cast<const Scope<StdPlatform>*>(of.group) &&
         !TaskWord::Ended(task.word.load(std::memory_order_acquire));
}

bool IsClaimable(const EngineTask& task) {
  const auto word = task.word.load(std::memory_order_relaxed);
  return TaskWord::StateIn(word) == TaskState::kPending && (word & TaskWord::kEnding) == 0;
}

// A list through tasks that are in no queue any more.
void Chain(EngineTask& task, EngineTask*& first) {
  // relaxed: one thread's.
  task.link.store(first == nullptr ? 0 : EnginePool::IndexOf(*first), std::memory_order_relaxed);
  first = &task;
}

}  // namespace

// Breadth first from `from`, to those that cannot go on before it has ended: its
// successors, those who sleep until it or its group has ended, and those below it, and
// below these, on the stacks of threads that wait.
absl::Status Engine::CheckNoPath(EngineTask& from, const WaitTarget& to, const WaitFrame* frame) {
  struct Visit {
    EngineTask* task;
    std::size_t parent;
  };
  std::vector<Visit> visits;
  PinnedTasks kept;
  absl::flat_hash_set<const EngineTask*> seen;
  const auto visit = [&](EngineTask* task, std::size_t parent) {
    if (!seen.insert(task).second) return;
    kept.Keep(*task);
    visits.push_back({task, parent});
  };
  // The bodies below one that waits.
  const auto visit_below = [&](const WaitFrame* top, std::size_t parent) {
    for (const WaitFrame* below = top; below != nullptr; below = below->outer) {
      if (below->self != nullptr) visit(below->self, parent);
    }
  };
  visit(&from, 0);
  if (frame != nullptr) visit_below(frame->outer, 0);
  std::vector<EngineTask*> successors;
  for (std::size_t i = 0; i < visits.size(); ++i) {
    EngineTask& task = *visits[i].task;
    if (IsPart(task, to)) {
      std::string path = NameOf(task);
      for (std::size_t at = i; at != 0;) {
        at = visits[at].parent;
        path += " -> " + NameOf(*visits[at].task);
      }
      return absl::FailedPreconditionError("this wait would never end: " + NameOf(from) +
                                           " waits for " + path);
    }
    successors.clear();
    AddSuccessors(task, successors, kept);
    for (EngineTask* const successor : successors) visit(successor, i);
    waits_.WithAll([&](const Waiter* first) {
      for (const Waiter* waiter = first; waiter != nullptr; waiter = waiter->next) {
        if (waiter->frame != nullptr && waiter->frame != frame && IsPart(task, waiter->target)) {
          visit_below(waiter->frame, i);
        }
      }
    });
  }
  return absl::OkStatus();
}

// A task that was claimed by who waited for it leaves an entry in its queue, which a
// worker that has nothing else would drop; here, nobody may have the time.
void Engine::DropStale() {
  constexpr std::int64_t kTolerated = 64;
  const std::int64_t stale = stale_.load(std::memory_order_relaxed);
  const auto queued = static_cast<std::int64_t>(loop_.lanes().size());
  if (stale < kTolerated || stale < queued / 2) return;
  stale_.store(0, std::memory_order_relaxed);
  EngineTask* dropped = nullptr;
  loop_.lanes().Sweep(
      [&dropped](ReadyNode& node) {
        auto& task = static_cast<EngineTask&>(node);
        if (IsClaimable(task)) return false;
        Chain(task, dropped);
        return true;
      },
      [] { return false; });
  Drop(dropped);
}

void Engine::Drop(EngineTask* first) {
  while (first != nullptr) {
    EngineTask* const task = first;
    const std::uint32_t next = task->link.load(std::memory_order_relaxed);
    first = next == 0 ? nullptr : &static_cast<EngineTask&>(pool_->NodeOf(next));
    Unpin(*task);
  }
}

bool Engine::RunHelp(const WaitTarget& target, EngineWorker& worker) {
  EngineTask* found = nullptr;
  EngineTask* dropped = nullptr;  // entries that nobody needs, linked through themselves
  EngineTask::Claimed claimed = EngineTask::Claimed::kNot;
  PinnedTasks kept;
  absl::flat_hash_set<const EngineTask*> seen;
  const auto leads_there = [&](EngineTask& ready) {
    std::vector<EngineTask*> open = {&ready};
    while (!open.empty()) {
      EngineTask& task = *open.back();
      open.pop_back();
      if (!seen.insert(&task).second) continue;
      kept.Keep(task);
      if (IsPart(task, target)) return true;
      AddSuccessors(task, open, kept);
    }
    return false;
  };
  const auto drop = [&](ReadyNode& node) {
    auto& task = static_cast<EngineTask&>(node);
    if (IsClaimable(task)) {
      bool leads = false;
      try {
        leads = leads_there(task);
      } catch (const std::bad_alloc&) {  // the search ends here, without a find
      }
      if (!leads) return false;
      claimed = task.Claim();
      if (claimed == EngineTask::Claimed::kNot) return false;
      found = &task;
    }
    Chain(task, dropped);
    return true;
  };
  loop_.lanes().Sweep(drop, [&found] { return found != nullptr; });
  if (found != nullptr) RunClaimed(*found, worker, claimed);
  Drop(dropped);
  return found != nullptr;
}

}  // namespace weft::internal
