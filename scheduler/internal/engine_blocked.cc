// SPDX-License-Identifier: Apache-2.0
//
// Tasks that wait, directly or through others, for names without a task. A group rests
// while they wait: so they are known, and with how many of their dependencies do, too.

#include <cstddef>
#include <new>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_successors.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/group_cursor.h"
#include "weft/scheduler/internal/table_room.h"
#include "weft/scheduler/internal/unblocking.h"

namespace weft::internal {
namespace {

bool IsBlocked(const EngineTask& task) {
  const auto word = task.word.load(std::memory_order_acquire);
  return (word & TaskWord::kBlocked) != 0 && !TaskWord::Ended(word);
}

GroupCore& GroupOf(EngineTask& task) { return static_cast<GroupCore&>(*task.scope); }

}  // namespace

bool Engine::HasBlocked(const GroupCore& group) {
  for (const auto& [task, dependencies] : blocked_) {
    if (task->scope == &group) return true;
  }
  return false;
}

void Engine::ResolveName(EngineTask& task) {
  if (!blocked_.contains(&task) && IsBlocked(task)) UnblockAll(task);
}

bool Engine::MarkBlocked(EngineTask& task) {
  Bits seen = task.word.load(std::memory_order_relaxed);
  while (TaskWord::StateIn(seen) == TaskState::kPending &&
         (seen & (TaskWord::kEnding | TaskWord::kBlocked)) == 0) {
    if (task.word.compare_exchange_weak(seen, seen | TaskWord::kBlocked, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
      GroupOf(task).Suspend();
      if ((seen & TaskWord::kAwaited) != 0) NotifyTask(&task);  // who now may wait in vain
      return true;
    }
  }
  if ((seen & TaskWord::kBlocked) == 0) blocked_.erase(&task);  // somebody ends it
  return false;
}

// Who waits for the task's group would wait for the name, too, if it counted as one that
// will end and nobody knew that it will not: rather it ends now.
bool Engine::CountBlockedBy(EngineTask& task, EngineTask*& starved) noexcept {
  // One that is known needs no memory. It may be blocked, and would end here uncounted.
  if (const auto found = blocked_.find(&task); found != blocked_.end()) return ++found->second > 0;
  try {
    SafelyAt(blocked_, &task) = 1;
    return true;
  } catch (const std::bad_alloc&) {
    Bits seen = 0;
    if (!task.Decide(seen)) return false;
    task.Add(TaskWord::kPin);
    task.link.store(starved == nullptr ? 0 : EnginePool::IndexOf(*starved),
                    std::memory_order_relaxed);
    starved = &task;
    return false;
  }
}

// The task, and those that wait for it, do not count as tasks that will end. They are
// linked through themselves: blocked tasks are in no queue.
void Engine::SetBlocked(EngineTask& first, EngineTask*& starved) noexcept {
  if (!MarkBlocked(first)) return;
  first.link.store(0, std::memory_order_relaxed);
  for (EngineTask* task = &first; task != nullptr;) {
    std::uint32_t rest = task->link.load(std::memory_order_relaxed);
    ForEachSuccessor(*task, [&](EngineTask& successor) {
      blocked_mu_.AssertHeld();
      if (!CountBlockedBy(successor, starved) || !MarkBlocked(successor)) return;
      successor.link.store(rest, std::memory_order_relaxed);
      rest = EnginePool::IndexOf(successor);
    });
    task = rest == 0 ? nullptr : &static_cast<EngineTask&>(pool_->NodeOf(rest));
  }
}

void Engine::Unblock(EngineTask& task) noexcept {
  absl::MutexLock lock(&blocked_mu_);
  if ((task.word.load(std::memory_order_relaxed) & TaskWord::kBlocked) != 0) UnblockAll(task);
}

// The task waits for no name any more: neither do those that were blocked through it
// alone.
void Engine::UnblockAll(EngineTask& first) {
  UnblockTogether(*pool_, first, [this](EngineTask& task, const auto& add) {
    blocked_mu_.AssertHeld();
    blocked_.erase(&task);
    GroupOf(task).Resume();
    ForEachSuccessor(task, [&](EngineTask& successor) {
      blocked_mu_.AssertHeld();
      const auto found = blocked_.find(&successor);
      if (found == blocked_.end() || --found->second > 0) return;
      if (!IsBlocked(successor)) return blocked_.erase(found);  // it has only just come in
      add(successor);
    });
  });
}

absl::Status Engine::UnresolvedError(EngineTask& task) {
  const std::string_view name = NameIn(task);
  const std::string label = name.empty() ? NameOf(task) : "'" + std::string(name) + "'";
  return absl::FailedPreconditionError(label + " cannot start: it waits for '" +
                                       BareNameBehind(task) + "', which was never submitted");
}

// A name without a task that `wanted` waits for, directly or not; empty: it has come.
std::string Engine::BareNameBehind(EngineTask& wanted) {
  GroupCursor groups(*this);
  while (const IntrusivePtr<GroupCore> group = groups.Next()) {
    std::vector<TaskPin> bare;  // a name has a pin of ours and one of its own
    {
      absl::MutexLock lock(&group->names_mu);
      group->names.ForEach([&bare](EngineTask& task) {
        if (IsBareName(task)) bare.emplace_back(&task);
      });
    }
    for (const TaskPin& name : bare) {
      PinnedTasks kept;
      absl::flat_hash_set<EngineTask*> seen;
      InsertSafely(seen, name.get());
      std::vector<EngineTask*> open = {name.get()};
      while (!open.empty()) {
        EngineTask* const task = open.back();
        open.pop_back();
        if (task == &wanted) return std::string(NameIn(*name));
        std::vector<EngineTask*> successors;
        AddSuccessors(*task, successors, kept);
        for (EngineTask* const next : successors) {
          if (InsertSafely(seen, next)) open.push_back(next);
        }
      }
    }
  }
  return {};
}

}  // namespace weft::internal
