// SPDX-License-Identifier: Apache-2.0
//
// How tasks come in, and find those that they wait for.

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_admit.h"
#include "weft/scheduler/internal/engine_attempts.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/group_progress.h"
#include "weft/scheduler/internal/table_room.h"

namespace weft::internal {

TaskWord::Bits Engine::FirstWord(const TaskOptions* options, int handles, int pins) {
  const Lane lane = options == nullptr ? Lane::kNormal : LaneOf(options->priority);
  const bool finaliser = options != nullptr && options->finaliser;
  return (static_cast<Bits>(lane) << TaskWord::kLaneShift) +
         (finaliser ? TaskWord::kFinaliser : Bits{0}) +
         static_cast<Bits>(handles) * TaskWord::kHandle + static_cast<Bits>(pins) * TaskWord::kPin;
}

absl::Status Engine::WhyNotAdmitted(const GroupCore& group, bool finaliser) const {
  absl::Status refusal = group.Refusal(finaliser);
  // A shutdown seals all groups.
  const bool sealed = absl::IsFailedPrecondition(refusal) &&
                      phase_.load(std::memory_order_relaxed) == Phase::kClosed;
  if (!refusal.ok() && !sealed) return refusal;
  return StatusWithText(absl::StatusCode::kFailedPrecondition,
                        "the scheduler is shut down: it takes no more tasks");
}

absl::Status Engine::Enter(GroupCore& group, EngineTask& task, EngineWorker* worker,
                           const TaskOptions* options) {
  const bool bounded = group.pending.bounded();
  absl::Status refusal = OrOutOfMemory([&] {
    const bool plain = options == nullptr || options->IsPlain();
    if (!plain || group.special()) {
      absl::Status prepared = Prepare(group, task, options);
      if (!prepared.ok()) return prepared;
    }
    if (bounded) {
      absl::Status entered = EnterBound(group, worker, 1);
      if (!entered.ok()) return entered;
    }
    absl::Status admitted = Admit(group, worker, options != nullptr && options->finaliser);
    if (bounded && !admitted.ok()) LeaveBound(group, 1);
    return admitted;
  });
  if (refusal.ok()) {
    group.StartClock();
    AnnounceTask(group, options);
  }
  return refusal;
}

absl::Status Engine::CheckDependencies(std::span<const Dependency> dependencies) const {
  for (const Dependency& dependency : dependencies) {
    if (dependency.task == nullptr) {
      return absl::InvalidArgumentError(
          "a dependency is an empty handle: pass a handle that Submit or Schedule returned");
    }
    if (&Of(*dependency.task) != this) {
      return absl::InvalidArgumentError("a dependency belongs to another scheduler");
    }
  }
  return absl::OkStatus();
}

void Engine::Refuse(GroupCore& group, EngineTask& task, absl::Status why, bool detached) {
  group.CountRefused();
  Record(task, why);
  if (const absl::Status thrown = DestroyBody(task); !thrown.ok()) Record(task, thrown);
  OpsOf(task).free_room(task);
  const auto state = absl::IsCancelled(why) ? TaskState::kCancelled : TaskState::kFailed;
  ::new (static_cast<void*>(task.payload)) TaskError{std::move(why), nullptr};
  task.word.store(static_cast<Bits>(state) | TaskWord::kRefused | TaskWord::kHandle |
                      (task.word.load(std::memory_order_relaxed) & TaskWord::kHasExtras),
                  std::memory_order_release);
  if (detached) TaskPtr::Adopt(&task);
}

void Engine::Submit(GroupCore& group, EngineTask& task, std::span<const Dependency> dependencies,
                    std::span<TaskPtr> given_up, const TaskOptions* options,
                    bool detached) noexcept {
  if (dependencies.empty()) return SubmitReady(group, task, options, detached);
  EngineWorker* const worker = WorkerOfThread();
  absl::Status refusal = CheckDependencies(dependencies);
  if (refusal.ok() && !EnterPlainly(group, worker, options)) {
    refusal = Enter(group, task, worker, options);
  }
  if (!refusal.ok()) return Refuse(group, task, std::move(refusal), detached);

  const Bits extras = task.word.load(std::memory_order_relaxed) & TaskWord::kHasExtras;
  auto& join = EnginePool::JoinOf(task);
  join.store(static_cast<std::uint32_t>(dependencies.size()) + 1, std::memory_order_relaxed);
  if (teller_) [[unlikely]]
    TellSubmitted(task, options, worker);
  // seq_cst: before the look whether the group is cancelled.
  task.word.store(FirstWord(options, detached ? 0 : 1, 1) | extras, std::memory_order_seq_cst);
  if (extras != 0) Attempts::StartClock(task);
  Ending ending(worker);
  Linked linked = Link(task, dependencies, /*was_name=*/false);
  if (NeedsToInherit(task, linked)) [[unlikely]]
    Inherit(task, dependencies);
  for (TaskPtr& dependency : given_up) dependency = TaskPtr();
  LetGo(task, std::move(linked), ending);
  FinishSubmission(ending);
}

void Engine::SubmitReady(GroupCore& group, EngineTask& task, const TaskOptions* options,
                         bool detached) noexcept {
  EngineWorker* const worker = WorkerOfThread();
  Lane lane = Lane::kNormal;
  if (EnterPlainly(group, worker, options)) [[likely]] {
    EnginePool::JoinOf(task).store(0, std::memory_order_relaxed);
    task.word.store(FirstWord(nullptr, detached ? 0 : 1, 1) | TaskWord::kUnlisted,
                    std::memory_order_release);
  } else if (!EnterReady(group, task, worker, options, detached)) {
    return;
  } else if (options != nullptr) {
    lane = LaneOf(options->priority);
  }
  if (worker != nullptr && worker->PushTask(task, lane)) {
    worker->Announce();
  } else if (worker == nullptr) {
    loop_.AddShared(task, lane);
    WakeShared(nullptr);
  } else {
    WakeShared(worker);
  }
}

bool Engine::EnterReady(GroupCore& group, EngineTask& task, EngineWorker* worker,
                        const TaskOptions* options, bool detached) noexcept {
  if (absl::Status refusal = Enter(group, task, worker, options); !refusal.ok()) {
    Refuse(group, task, std::move(refusal), detached);
    return false;
  }
  const Bits extras = task.word.load(std::memory_order_relaxed) & TaskWord::kHasExtras;
  EnginePool::JoinOf(task).store(0, std::memory_order_relaxed);
  // One with a timer is found by it.
  const Bits listed = extras != 0 || teller_ ? extras : TaskWord::kUnlisted;
  if (teller_) TellSubmitted(task, options, worker);
  task.word.store(FirstWord(options, detached ? 0 : 1, 1) | listed, std::memory_order_release);
  if (extras != 0) Attempts::StartClock(task);
  if (teller_) TellBeforeEnd(TaskEventKind::kReady, TaskState::kReady, task, worker);
  return true;
}

void Engine::SubmitAllReady(GroupCore& group, std::span<EngineTask* const> tasks,
                            const TaskOptions* options, bool detached) noexcept {
  EngineWorker* const worker = WorkerOfThread();
  if (options != nullptr || group.special()) {
    for (EngineTask* const task : tasks) SubmitReady(group, *task, options, detached);
    return;
  }
  const absl::Status refusal = OrOutOfMemory([&] {
    return Admit(group, worker, /*finaliser=*/false, static_cast<std::int64_t>(tasks.size()));
  });
  if (!refusal.ok()) {
    for (EngineTask* const task : tasks) Refuse(group, *task, refusal, detached);
    return;
  }
  group.StartClock();
  const Bits word = FirstWord(nullptr, detached ? 0 : 1, 1) | TaskWord::kUnlisted;
  for (EngineTask* const task : tasks) {
    EnginePool::JoinOf(*task).store(0, std::memory_order_relaxed);
    task->word.store(word, std::memory_order_release);
  }
  if (worker != nullptr && !worker->strict()) {
    worker->PushAll(tasks.data(), tasks.data() + tasks.size());
  } else {
    loop_.AddAllShared(tasks.data(), tasks.data() + tasks.size());
    WakeShared(worker);
  }
}

// What may be blocked is linked under the lock that keeps it so: then either we count the
// task as blocked by it, or whoever blocks it later finds the edge.
Engine::Linked Engine::Link(EngineTask& task, std::span<const Dependency> dependencies,
                            bool was_name) noexcept {
  Linked linked;
  bool locked = was_name;
  if (locked) blocked_mu_.Lock();
  for (const Dependency& dependency : dependencies) {
    EngineTask& from = *dependency.task;
    Added added = Added::kOutOfMemory;
    if (!linked.out_of_memory && !locked) {
      added = AddEdge(from, task, dependency.run_anyway, linked);
      if (added == Added::kBlocked) {
        blocked_mu_.Lock();
        locked = true;
      }
    }
    if (!linked.out_of_memory && locked) {
      added = AddEdgeCounted(from, task, dependency.run_anyway, linked);
    }
    if (added == Added::kOutOfMemory) linked.out_of_memory = true;
    if (added != Added::kWaits) ++linked.arrived;
  }
  if (locked) {
    if (was_name) {
      ResolveName(task);
    } else if (blocked_.contains(&task)) {
      SetBlocked(task, linked.starved);
    }
    blocked_mu_.Unlock();
  }
  return linked;
}

TaskPtr Engine::CauseOf(EngineTask& ended) {
  const bool skipped =
      TaskWord::StateIn(ended.word.load(std::memory_order_acquire)) == TaskState::kSkipped;
  return TaskPtr(skipped ? PayloadAs<TaskRoot>(ended).cause : &ended);
}

Engine::Added Engine::AddEdge(EngineTask& from, EngineTask& to, bool run_anyway,
                              Linked& linked) noexcept {
  EngineTask* at = &from;
  for (TaskPin continuation;;) {
    const Added added = AddEdgeIf(/*may_be_blocked=*/false, *at, to, run_anyway, linked);
    if (added != Added::kContinued) return added;
    continuation = ContinuationOf(*at);
    at = continuation.get();
  }
}

Engine::Added Engine::AddEdgeCounted(EngineTask& from, EngineTask& to, bool run_anyway,
                                     Linked& linked) noexcept {
  EngineTask* at = &from;
  for (TaskPin continuation;;) {
    // It stays as it is under the lock.
    const bool blocked = (at->word.load(std::memory_order_relaxed) & TaskWord::kBlocked) != 0;
    if (blocked) {
      try {
        ++SafelyAt(blocked_, &to);
      } catch (const std::bad_alloc&) {
        return Added::kOutOfMemory;
      }
    }
    const Added added = AddEdgeIf(/*may_be_blocked=*/true, *at, to, run_anyway, linked);
    if (blocked && added != Added::kWaits && --blocked_[&to] == 0) blocked_.erase(&to);
    if (added != Added::kContinued) return added;
    continuation = ContinuationOf(*at);
    at = continuation.get();
  }
}

Engine::Added Engine::AddEdgeIf(bool may_be_blocked, EngineTask& from, EngineTask& to,
                                bool run_anyway, Linked& linked) noexcept {
  Bits word = 0;
  if (!from.LockEdges(word, /*lists=*/true)) {
    if (ContinuationOf(from)) return Added::kContinued;
    if (teller_ && (word & TaskWord::kBareName) == 0) [[unlikely]]
      TellReleased(to, WorkerOfThread(), IdIn(from), RecordOf(from));
    const bool accepted = TaskWord::StateIn(word) == TaskState::kCompleted || run_anyway;
    if (!accepted && !linked.cause) linked.cause = CauseOf(from);
    return Added::kEnded;
  }
  if (!may_be_blocked && (word & TaskWord::kBlocked) != 0) {
    from.UnlockEdges();
    return Added::kBlocked;
  }
  const Bits set = (word & TaskWord::kHasEdges) == 0 ? TaskWord::kHasEdges : 0;
  try {
    EdgeList<StdPlatform>(EdgesOf(from, word))
        .Add({.successor = EnginePool::IndexOf(to), .run_anyway = run_anyway},
             [this] { return NewBlock(); });
  } catch (const std::bad_alloc&) {
    from.UnlockEdges();
    return Added::kOutOfMemory;
  }
  from.UnlockEdges(set);
  linked.waits = true;
  linked.lowest = std::min(linked.lowest, LaneIn(word));
  return Added::kWaits;
}

void Engine::LetGo(EngineTask& task, Linked linked, Ending& ending) noexcept {
  auto& group = static_cast<GroupCore&>(*task.scope);
  const std::uint32_t arrivals = linked.arrived + 1;
  if (linked.starved != nullptr) ending.AddStarved(linked.starved);
  if (linked.waits && bounds_->ledger().AnyBlocked()) [[unlikely]]
    TellStuck(task);
  Bits seen = 0;
  const bool stop =
      group.StoppedNow() && (task.word.load(std::memory_order_relaxed) & TaskWord::kFinaliser) == 0;
  if ((stop || linked.cause || linked.out_of_memory) && task.Decide(seen)) {
    if ((seen & TaskWord::kBlocked) != 0) Unblock(task);
    if (stop) {
      task.Add(TaskWord::kPin);
      EndCancelled(task, ending);
    } else if (linked.out_of_memory) {
      EndUnrunFailed(task, OutOfMemory(), ending);
    } else {
      ending.cause = std::move(linked.cause);
      EndSkipped(task, ending);
    }
    if (Arrive(task, arrivals)) Unpin(task);
    return;
  }
  if (Arrive(task, arrivals)) MakeReady(task, ending);
}

absl::Status Engine::AddDependency(EngineTask& task, EngineTask& dependency) {
  if (Forked()) return ForkedError();
  if (&Of(dependency) != this) {
    return absl::InvalidArgumentError("the dependency belongs to another scheduler");
  }
  const Call call(*this);
  auto& join = EnginePool::JoinOf(task);
  // One more to wait for, unless there is none any more.
  std::uint32_t missing = join.load(std::memory_order_relaxed);
  const auto pending = [&task] {
    const Bits word = task.word.load(std::memory_order_acquire);
    return TaskWord::StateIn(word) == TaskState::kPending && (word & TaskWord::kEnding) == 0;
  };
  do {
    if (missing == 0 || !pending()) {
      return absl::FailedPreconditionError(NameOf(task) +
                                           " is not pending any more: it takes no dependency");
    }
  } while (!join.compare_exchange_weak(missing, missing + 1, std::memory_order_acq_rel,
                                       std::memory_order_relaxed));
  Ending ending(WorkerOfThread());
  absl::Status refused;
  Added added = Added::kOutOfMemory;
  Linked linked;
  {
    absl::MutexLock lock(&late_mu_);  // two late edges might close a cycle together
    refused = OrOutOfMemory([&] { return CheckEdge(task, dependency, "cannot wait for"); });
    if (refused.ok()) {
      absl::MutexLock blocked(&blocked_mu_);
      added = AddEdgeCounted(dependency, task, /*run_anyway=*/false, linked);
      if (added == Added::kWaits && blocked_.contains(&task)) SetBlocked(task, ending.starved);
      if (added == Added::kOutOfMemory) refused = OutOfMemory();
    }
  }
  if (added == Added::kWaits && NeedsToInherit(task, linked)) {
    const Dependency late{.task = &dependency};
    Inherit(task, {&late, 1});
  }
  // Of a body that began to wait between the look and the edge neither has seen the other.
  if (added == Added::kWaits) TellStuck(task);
  ending.cause = std::move(linked.cause);
  const bool skips = added == Added::kEnded && ending.cause && DecideSkip(task, ending);
  if (added != Added::kWaits && !skips && Arrive(task, 1)) MakeReady(task, ending);
  FinishCall(ending);  // which arrives, too, where it is skipped
  return refused;
}

}  // namespace weft::internal
