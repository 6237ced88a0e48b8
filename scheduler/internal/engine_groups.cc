// SPDX-License-Identifier: Apache-2.0
//
// Groups, from their first task to their end, and the end of all of them.

#include <cstdint>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/group_cursor.h"

namespace weft::internal {
namespace {

// Lists of tasks that are in no queue, linked through themselves.
// relaxed, all links: the list is one thread's.
EngineTask* After(const EnginePool& pool, const EngineTask& task) {
  const std::uint32_t next = task.link.load(std::memory_order_relaxed);
  return next == 0 ? nullptr : &static_cast<EngineTask&>(pool.NodeOf(next));
}
void SetAfter(EngineTask& task, const EngineTask* next) {
  task.link.store(next == nullptr ? 0 : EnginePool::IndexOf(*next), std::memory_order_relaxed);
}

}  // namespace

Engine::GroupCursor::GroupCursor(Engine& engine) : engine_(engine) {
  absl::MutexLock lock(&engine_.mu_);
  next_ = engine_.groups_;
  after_ = engine_.cursors_;
  engine_.cursors_ = this;
}

Engine::GroupCursor::~GroupCursor() {
  absl::MutexLock lock(&engine_.mu_);
  GroupCursor** at = &engine_.cursors_;
  while (*at != this) at = &(*at)->after_;
  *at = after_;
}

IntrusivePtr<GroupCore> Engine::GroupCursor::Next() {
  absl::MutexLock lock(&engine_.mu_);
  IntrusivePtr<GroupCore> group(next_);
  if (next_ != nullptr) next_ = next_->next;
  return group;
}

void Engine::GroupCursor::StepOver(const GroupCore& gone) {
  if (next_ == &gone) next_ = gone.next;
  if (after_ != nullptr) after_->StepOver(gone);
}

IntrusivePtr<GroupCore> Engine::AddGroup(const GroupCore::Limits& limits) {
  if (Forked()) return forked_group_;
  const bool observed = record_times_ || teller_.has_value();
  auto group = MakeCounted<GroupCore>(*this, clock_, *pool_, limits, observed);
  if (recorder_) group->record = std::make_unique<RunRecord>();
  group->late_pumps_before = late_pumps();
  const bool timed = limits.deadline != absl::InfiniteDuration();
  const absl::Status prepared = timed ? timers_.Prepare() : absl::OkStatus();
  {
    absl::MutexLock lock(&mu_);
    group->next = groups_;
    if (groups_ != nullptr) groups_->previous = group.get();
    groups_ = group.get();
    ++group_changes_;
  }
  if (!prepared.ok()) {
    group->BeginCancel(prepared);  // it takes nothing
  } else if (timed) {
    group->Ref();
    group->timer.fire = &EndLateGroup;
    timers_.Arm(group->timer, limits.deadline);
  }
  return group;
}

// Ends what stands for names that nobody gave a task.
void Engine::Seal(GroupCore& group) {
  if (Forked()) return;
  const Call call(*this);  // a shutdown waits for what follows
  if (!group.Seal()) return;
  EngineTask* bare = nullptr;  // linked through themselves: they are in no queue
  {
    EngineTask* last = nullptr;
    absl::MutexLock lock(&group.names_mu);
    group.names.ForEach([&](EngineTask& task) {
      Bits seen = 0;
      if (!IsBareName(task) || !task.Decide(seen)) return;
      task.Add(TaskWord::kPin);
      SetAfter(task, nullptr);
      bare == nullptr ? void(bare = &task) : SetAfter(*last, &task);
      last = &task;
    });
  }
  while (bare != nullptr) {
    const TaskPin name = TaskPin::Adopt(bare);
    bare = After(*pool_, *name);
    Unblock(*name);
    Ending ending(WorkerOfThread());
    EndWithError(*name, TaskState::kFailed, no_such_name_, nullptr, /*drop=*/false, ending);
    FinishCall(ending);
  }
}

void Engine::EndGroup(GroupCore& group) {
  if (Forked()) return group.Ref();  // it stays: Abseil's locks have a lock of their own
  Seal(group);
  if (timers_.Disarm(group.timer)) group.Unref();
  if (EngineWorker* const worker = WorkerOfThread()) worker->HandInEnds();
  const auto gone = [&] {
    absl::MutexLock lock(&blocked_mu_);
    return group.AtRest() && !HasBlocked(group);
  };
  if (!gone()) {
    const Call call(*this);
    group.BeginCancel(group_destroyed_);
    CancelTasks(group, group_destroyed_);  // also where another call is at it
    group.CancelToken(group_destroyed_);
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
  NameTable names(*pool_);
  {
    absl::MutexLock lock(&group.names_mu);
    names.TakeAll(group.names);
  }
  names.ForEach([](EngineTask& task) { Unpin(task); });
  absl::MutexLock lock(&mu_);
  if (cursors_ != nullptr) cursors_->StepOver(group);
  ++group_changes_;
  (group.previous != nullptr ? group.previous->next : groups_) = group.next;
  if (group.next != nullptr) group.next->previous = group.previous;
}

absl::Status Engine::Shutdown(bool cancel) {
  if (Forked()) return ForkedError();
  if (InsideTask()) {
    return StatusWithText(
        absl::StatusCode::kFailedPrecondition,
        "a task cannot shut down the scheduler that runs it: it would wait for itself");
  }
  {
    absl::MutexLock lock(&mu_);
    if (phase_.load() == Phase::kClosed) cancel = false;  // nothing is left to cancel
    if (phase_.load() == Phase::kOpen) phase_.store(Phase::kDraining);
  }
  // Before the lock below: a second call may hurry the first.
  if (cancel) CancelAll(shutting_down_);
  absl::MutexLock only_one(&shutdown_mu_);
  if (phase_.load() == Phase::kClosed) return absl::OkStatus();
  Settle();
  {
    GroupCursor groups(*this);
    while (const IntrusivePtr<GroupCore> group = groups.Next()) Seal(*group);
  }
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
  const auto changes = [this] {
    absl::MutexLock lock(&mu_);
    return group_changes_;
  };
  for (bool settled = false; !settled;) {
    const std::uint64_t before = changes();
    GroupCursor waiting(*this);
    while (const IntrusivePtr<GroupCore> group = waiting.Next()) {
      group->entries_seen = group->count().entries();  // what comes in after this is seen below
      WaitSurely({.group = group.get()});
    }
    settled = changes() == before;
    GroupCursor looking(*this);
    while (const IntrusivePtr<GroupCore> group = looking.Next()) {
      settled = settled && group->AtRest() && group->count().entries() == group->entries_seen;
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
  RunSummary summary;
  if (!Forked()) {
    if (EngineWorker* const worker = WorkerOfThread()) worker->HandInEnds();
    if (wait_status.ok()) wait_status = group.cancel_reason();
    try {
      summary.failures = group.failures.kept();
    } catch (const std::bad_alloc&) {
      if (wait_status.ok()) wait_status = OutOfMemory();
    }
  }
  const GroupCore::Figures figures = group.figures();
  const auto count = [&figures](TaskState state) {
    return figures.ended[static_cast<std::size_t>(state)];
  };
  summary.completed = count(TaskState::kCompleted);
  summary.degraded = figures.degraded;
  summary.failed = count(TaskState::kFailed);
  summary.cancelled = count(TaskState::kCancelled);
  summary.skipped = count(TaskState::kSkipped);
  summary.submitted = figures.submitted;
  summary.refused = figures.refused;
  summary.elapsed = figures.elapsed;
  const std::int64_t unfinished =
      summary.submitted - summary.completed - summary.failed - summary.cancelled - summary.skipped;
  summary.pending = Forked() ? 0 : CountBlocked(group);
  summary.under_way = unfinished - summary.pending;
  if (!Forked()) {
    summary.spare_threads = late_pumps() - group.late_pumps_before;
    try {
      if (summary.pending > 0) ListUnresolved(group, summary);
      AddRecorded(group, summary);
    } catch (const std::bad_alloc&) {
      if (wait_status.ok()) wait_status = OutOfMemory();
    }
  }
  summary.status = std::move(wait_status);
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
  GroupCursor groups(*this);
  while (const IntrusivePtr<GroupCore> other = groups.Next()) {
    absl::MutexLock lock(&other->names_mu);
    other->names.ForEach([&](EngineTask& name) {
      if (!IsBareName(name) || summary.unresolved.size() == RunSummary::kListedLimit) return;
      waiting.clear();
      AddSuccessors(name, waiting, kept);
      for (EngineTask* const each : waiting) {
        if (each->scope != &group) continue;
        if (summary.unresolved.size() == RunSummary::kListedLimit) return;
        summary.unresolved.push_back({.task = IdOf(*each),
                                      .task_name = std::string(NameIn(*each)),
                                      .waits_for = std::string(NameIn(name))});
      }
    });
  }
}

}  // namespace weft::internal
