// SPDX-License-Identifier: Apache-2.0
//
// Groups, from their first task to their end, and the end of all of them.

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {

IntrusivePtr<GroupCore> Engine::AddGroup() {
  auto group = MakeCounted<GroupCore>();
  absl::MutexLock lock(&mu_);
  groups_.PushBack(group.get());
  return group;
}

void Engine::Seal(GroupCore& group) {
  EndingList ending;
  {
    absl::MutexLock lock(&mu_);
    if (group.sealed) return;
    group.sealed = true;
    for (const auto& [name, node] : group.names) {
      TaskNode& task = *node;
      if (task.submitted_ || task.ending_ || IsTerminal(task.state_)) continue;
      auto cause = MakeCounted<RootCause>();
      cause->name = name;
      cause->state = TaskState::kSkipped;
      cause->never_submitted = true;
      cause->status = absl::NotFoundError("no task was submitted under this name");
      Doom(task, TaskState::kSkipped, std::move(cause), ending);
    }
  }
  EndAndWake(ending);
}

void Engine::EndGroup(GroupCore& group) {
  Seal(group);
  bool at_rest = false;
  {
    absl::MutexLock lock(&mu_);
    at_rest = group.unfinished.empty();
  }
  if (!at_rest) {
    CancelGroup(group, absl::CancelledError("its group was destroyed before it was waited for"));
    WaitSurely({.group = &group});
  }
  absl::flat_hash_map<std::string, IntrusivePtr<NamedNode>> names;
  absl::MutexLock lock(&mu_);
  names.swap(group.names);  // declared before the lock: destroyed after it
  groups_.Remove(&group);
}

absl::Status Engine::Shutdown(bool cancel) {
  if (InsideTask()) {
    return absl::FailedPreconditionError(
        "a task cannot shut down the scheduler that runs it: it would wait for itself");
  }
  {
    absl::MutexLock lock(&mu_);
    if (phase_ == Phase::kClosed) cancel = false;  // nothing is left to cancel
    if (phase_ == Phase::kOpen) phase_ = Phase::kDraining;
  }
  // Before the lock below: a second call may hurry the first.
  if (cancel) CancelAll(absl::CancelledError("the scheduler is shutting down"));
  absl::MutexLock only_one(&shutdown_mu_);
  {
    absl::MutexLock lock(&mu_);
    if (phase_ == Phase::kClosed) return absl::OkStatus();
  }
  for (bool at_rest = false; !at_rest;) {
    WaitSurely({});
    for (const IntrusivePtr<GroupCore>& group : Groups()) Seal(*group);
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Engine::NoCalls));
    at_rest = active_ == 0;
    if (at_rest) phase_ = Phase::kClosed;
  }
  executor_->Stop();
  return absl::OkStatus();
}

RunSummary Engine::Summarise(GroupCore& group, absl::Status wait_status) {
  RunSummary summary;
  summary.failures = group.failures.kept();
  absl::MutexLock lock(&mu_);
  const auto count = [&](TaskState state) {
    mu_.AssertHeld();
    return group.counts[static_cast<std::size_t>(state)];
  };
  summary.status = wait_status.ok() ? group.cancel_reason : std::move(wait_status);
  summary.completed = count(TaskState::kCompleted);
  summary.failed = count(TaskState::kFailed);
  summary.cancelled = count(TaskState::kCancelled);
  summary.skipped = count(TaskState::kSkipped);
  summary.pending = count(TaskState::kPending);
  summary.under_way = count(TaskState::kReady) + count(TaskState::kRunning);
  summary.submitted = summary.completed + summary.failed + summary.cancelled + summary.skipped +
                      summary.pending + summary.under_way;
  summary.refused = group.refused;
  if (group.first_submitted) {
    const absl::Duration until = group.active > 0 ? clock_.Now() : group.last_rest;
    summary.elapsed = until - *group.first_submitted;
  }
  for (TaskNode* task = group.unfinished.first();
       task != nullptr && summary.unresolved.size() < RunSummary::kListedLimit;
       task = UnfinishedList::Next(task)) {
    for (const IntrusivePtr<TaskNode>& predecessor : task->predecessors_) {
      if (predecessor->submitted_) continue;
      summary.unresolved.push_back(
          {.task = task->id(), .task_name = task->name_, .waits_for = predecessor->name_});
      if (summary.unresolved.size() == RunSummary::kListedLimit) break;
    }
  }
  return summary;
}

}  // namespace weft::internal
