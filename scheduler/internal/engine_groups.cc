// SPDX-License-Identifier: Apache-2.0
//
// Groups, from their first task to their end, and the end of all of them.

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"

namespace weft::internal {

IntrusivePtr<GroupCore> Engine::AddGroup() {
  auto group = MakeCounted<GroupCore>(*this, clock_);
  absl::MutexLock lock(&mu_);
  group->next = groups_;
  if (groups_ != nullptr) groups_->previous = group.get();
  groups_ = group.get();
  return group;
}

// Ends what stands for names that nobody gave a task.
void Engine::Seal(GroupCore& group) {
  const Call call(*this);  // a shutdown waits for what follows
  if (!group.Seal()) return;
  std::vector<TaskPin> bare;
  {
    absl::MutexLock lock(&group.names_mu);
    bare.reserve(group.names.size());
    for (const auto& [name, task] : group.names) {
      Bits seen = 0;
      if ((task->word.load(std::memory_order_relaxed) & TaskWord::kBareName) == 0) continue;
      if (task->Decide(seen)) bare.emplace_back(task);
    }
  }
  const absl::Status missing = absl::NotFoundError("no task was submitted under this name");
  for (const TaskPin& name : bare) {
    Unblock(*name);
    Ending ending(WorkerOfThread());
    EndWithError(*name, TaskState::kFailed, missing, nullptr, /*drop=*/false, ending);
    FinishCall(ending);
  }
}

void Engine::EndGroup(GroupCore& group) {
  Seal(group);
  if (EngineWorker* const worker = WorkerOfThread()) worker->HandInEnds();
  const auto gone = [&] {
    absl::MutexLock lock(&blocked_mu_);
    return group.AtRest() && !HasBlocked(group);
  };
  if (!gone()) {
    const absl::Status why =
        absl::CancelledError("its group was destroyed before it was waited for");
    const Call call(*this);
    group.BeginCancel(why);
    CancelTasks(group, why);  // also where another call is at it
    group.CancelToken(why);
  }
  while (!gone()) {
    // Some are blocked until whoever cancels them just now has said that they are not.
    const auto none_blocked = [this, &group] {
      blocked_mu_.AssertHeld();
      return !HasBlocked(group);
    };
    {
      absl::MutexLock lock(&blocked_mu_);
      blocked_mu_.Await(absl::Condition(&none_blocked));
    }
    WaitSurely({.group = &group});
  }
  absl::flat_hash_map<absl::string_view, EngineTask*> names;
  {
    absl::MutexLock lock(&group.names_mu);
    names.swap(group.names);
  }
  for (const auto& [name, task] : names) Unpin(*task);
  absl::MutexLock lock(&mu_);
  (group.previous != nullptr ? group.previous->next : groups_) = group.next;
  if (group.next != nullptr) group.next->previous = group.previous;
}

absl::Status Engine::Shutdown(bool cancel) {
  if (InsideTask()) {
    return absl::FailedPreconditionError(
        "a task cannot shut down the scheduler that runs it: it would wait for itself");
  }
  {
    absl::MutexLock lock(&mu_);
    if (phase_.load() == Phase::kClosed) cancel = false;  // nothing is left to cancel
    if (phase_.load() == Phase::kOpen) phase_.store(Phase::kDraining);
  }
  // Before the lock below: a second call may hurry the first.
  if (cancel) CancelAll(absl::CancelledError("the scheduler is shutting down"));
  absl::MutexLock only_one(&shutdown_mu_);
  if (phase_.load() == Phase::kClosed) return absl::OkStatus();
  Settle();
  for (const IntrusivePtr<GroupCore>& group : Groups()) Seal(*group);
  for (bool closed = false; !closed;) {
    Settle();  // those that ran anyway
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Engine::NoCalls));
    closed = AllAtRest();
    if (closed) phase_.store(Phase::kClosed);
  }
  executor_->Stop();
  return absl::OkStatus();
}

// Waits until there was a moment at which all groups were at rest: so that no task was left
// that could submit another.
void Engine::Settle() {
  for (bool settled = false; !settled;) {
    const std::vector<IntrusivePtr<GroupCore>> groups = Groups();
    std::vector<std::uint64_t> entries;
    for (const IntrusivePtr<GroupCore>& group : groups) {
      entries.push_back(group->count().entries());  // what comes in after this is seen below
      WaitSurely({.group = group.get()});
    }
    settled = Groups() == groups;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      settled = settled && groups[i]->AtRest() && groups[i]->count().entries() == entries[i];
    }
  }
}

bool Engine::AllAtRest() const {
  for (const GroupCore* group = groups_; group != nullptr; group = group->next) {
    if (!group->AtRest()) return false;
  }
  return true;
}

RunSummary Engine::Summarise(GroupCore& group, absl::Status wait_status) {
  if (EngineWorker* const worker = WorkerOfThread()) worker->HandInEnds();
  RunSummary summary;
  summary.failures = group.failures.kept();
  const GroupCore::Figures figures = group.figures();
  const auto count = [&figures](TaskState state) {
    return figures.ended[static_cast<std::size_t>(state)];
  };
  summary.status = wait_status.ok() ? group.cancel_reason() : std::move(wait_status);
  summary.completed = count(TaskState::kCompleted);
  summary.failed = count(TaskState::kFailed);
  summary.cancelled = count(TaskState::kCancelled);
  summary.skipped = count(TaskState::kSkipped);
  summary.submitted = figures.submitted;
  summary.refused = figures.refused;
  summary.elapsed = figures.elapsed;
  const std::int64_t unfinished =
      summary.submitted - summary.completed - summary.failed - summary.cancelled - summary.skipped;
  summary.pending = CountBlocked(group);
  summary.under_way = unfinished - summary.pending;
  if (summary.pending > 0) ListUnresolved(group, summary);
  return summary;
}

std::int64_t Engine::CountBlocked(const GroupCore& group) {
  absl::MutexLock lock(&blocked_mu_);
  std::int64_t count = 0;
  for (const auto& [task, dependencies] : blocked_) {
    if (task->scope == &group) ++count;
  }
  return count;
}

void Engine::ListUnresolved(GroupCore& group, RunSummary& summary) {
  PinnedTasks kept;
  std::vector<EngineTask*> waiting;
  // Names belong to a group; those who wait for them through handles may be anywhere.
  for (const IntrusivePtr<GroupCore>& other : Groups()) {
    absl::MutexLock lock(&other->names_mu);
    for (const auto& [name, task] : other->names) {
      if ((task->word.load(std::memory_order_relaxed) & TaskWord::kBareName) == 0) continue;
      waiting.clear();
      AddSuccessors(*task, waiting, kept);
      for (EngineTask* const each : waiting) {
        if (each->scope != &group) continue;
        if (summary.unresolved.size() == RunSummary::kListedLimit) return;
        const TaskExtras* const extras = ExtrasOf(*each);
        summary.unresolved.push_back({.task = IdOf(*each),
                                      .task_name = extras != nullptr ? extras->name : std::string(),
                                      .waits_for = std::string(name)});
      }
    }
  }
}

void Engine::RecordIn(GroupCore& group, const std::string& name, const absl::Status& status) {
  group.failures.Record({.id = {}, .name = name, .status = status});
}

}  // namespace weft::internal
