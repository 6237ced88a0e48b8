// SPDX-License-Identifier: Apache-2.0
//
// How tasks end, and what follows. One way for all: those that ran, were cancelled or
// skipped walk the same list of successors.

#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"

#include "weft/scheduler/internal/body_scope.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_attempts.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_fail_fast.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/group_progress.h"
#include "weft/scheduler/internal/raising.h"

namespace weft::internal {
absl::Status Engine::DestroyBody(EngineTask& task) noexcept {
  try {
    OpsOf(task).destroy_body(task);
    return absl::OkStatus();
  } catch (...) {
    const absl::Status thrown = StatusOfException(std::current_exception());
    return Explained("destroying the task's callable: ", thrown);
  }
}

void Engine::DestroyRunBody(EngineTask& task, absl::Status& status) noexcept {
  absl::Status thrown = DestroyBody(task);
  if (thrown.ok()) return;
  if (status.ok()) {
    status = std::move(thrown);  // recorded as the task's failure
  } else {
    Of(task).Record(task, thrown);
  }
}

void Engine::RecordIn(GroupCore& group, std::string_view name,
                      const absl::Status& status) noexcept {
  try {
    group.failures.Record({.id = {}, .name = std::string(name), .status = status});
  } catch (const std::bad_alloc&) {
    // As below.
  }
}

void Engine::Record(EngineTask& task, const absl::Status& status) noexcept {
  try {
    static_cast<GroupCore&>(*task.scope)
        .failures.Record({.id = IdOf(task), .name = std::string(NameIn(task)), .status = status});
  } catch (const std::bad_alloc&) {
    // The count of failures stays exact; there is no memory for one more text.
  }
}

void Engine::EndUnrun(EngineTask& task, EngineWorker& worker, EngineTask::Claimed claimed) {
  if (claimed == EngineTask::Claimed::kNot) {  // an entry that nobody needs any more
    Unpin(task);
    return;
  }
  Engine& engine = Of(task);
  Ending ending(&worker);
  engine.EndCancelled(task, ending);
  engine.FinishEnding(ending);
  if (ending.next != nullptr) worker.GiveAway(*ending.next);
}

// Who has decided the end has a reference for this.
void Engine::EndCancelled(EngineTask& task, Ending& ending) noexcept {
  auto& group = static_cast<GroupCore&>(*task.scope);
  absl::Status thrown;
  {
    const BodyScope body(ending.worker, task);
    thrown = DestroyBody(task);
    CountEnded(task, /*well=*/false);
  }
  if (!thrown.ok()) Record(task, thrown);
  OpsOf(task).free_room(task);
  absl::Status why = group.cancel_reason();
  const bool late = !why.ok() && group.late();
  if (late) Record(task, why);
  if (why.ok()) why = cancelled_;
  ::new (static_cast<void*>(task.payload)) TaskError{std::move(why), nullptr};
  ending.cause = TaskPtr(&task);
  EndOne(task, late ? TaskState::kFailed : TaskState::kCancelled, /*drop=*/true, ending);
}

void Engine::EndSkipped(EngineTask& task, Ending& ending) noexcept {
  absl::Status thrown;
  {
    const BodyScope body(ending.worker, task);
    thrown = DestroyBody(task);
    CountEnded(task, /*well=*/false);
  }
  if (!thrown.ok()) Record(task, thrown);
  OpsOf(task).free_room(task);
  ::new (static_cast<void*>(task.payload)) TaskRoot{TaskPtr(ending.cause).Release()};
  EndOne(task, TaskState::kSkipped, /*drop=*/false, ending);
}

void Engine::EndUnrunFailed(EngineTask& task, const absl::Status& why, Ending& ending) noexcept {
  const FailFast fast(*this, task, why);
  absl::Status thrown;
  {
    const BodyScope body(ending.worker, task);
    thrown = DestroyBody(task);
    CountEnded(task, /*well=*/false);
  }
  if (!thrown.ok()) Record(task, thrown);
  Record(task, why);
  EndWithError(task, TaskState::kFailed, why, nullptr, /*drop=*/false, ending);
}

// A task whose end was decided, with an error of its own.
void Engine::EndWithError(EngineTask& task, TaskState state, absl::Status error,
                          std::exception_ptr thrown, bool drop, Ending& ending) noexcept {
  OpsOf(task).free_room(task);
  ::new (static_cast<void*>(task.payload)) TaskError{std::move(error), std::move(thrown)};
  ending.cause = TaskPtr(&task);
  EndOne(task, state, drop, ending);
}

ReadyNode* Engine::EndFailed(EngineTask& task, EngineWorker& worker, bool drop, absl::Status status,
                             std::exception_ptr thrown) noexcept {
  Engine& engine = Of(task);
  const Bits word = task.word.load(std::memory_order_relaxed);
  const bool asked = (word & TaskWord::kCancel) != 0 || task.scope->stopped();
  const bool gave_in = asked && absl::IsCancelled(status);
  std::optional<FailFast> fast;
  if (!gave_in) {
    engine.Record(task, status);
    fast.emplace(engine, task, status);
  }
  CountEnded(task, /*well=*/false, worker);
  Ending ending(&worker);
  engine.EndWithError(task, gave_in ? TaskState::kCancelled : TaskState::kFailed, std::move(status),
                      std::move(thrown), drop, ending);
  engine.FinishEnding(ending);
  return ending.next;
}

ReadyNode* Engine::EndSpecial(EngineTask& task, EngineWorker& worker, bool drop) noexcept {
  CountEnded(task, /*well=*/true, worker);
  return EndBusy(task, worker, TaskState::kCompleted, drop);
}

ReadyNode* Engine::EndBusy(EngineTask& task, EngineWorker& worker, TaskState state,
                           bool drop) noexcept {
  Engine& engine = Of(task);
  Ending ending(&worker);
  engine.EndOne(task, state, drop, ending);
  engine.FinishEnding(ending);
  return ending.next;
}

TaskWord::Bits Engine::EndAs(EngineTask& task, TaskState state, bool drop,
                             std::uintptr_t& successors, const Ending& ending) noexcept {
  return task.End(state, drop, [&] {
    if (ending.from.valid()) [[unlikely]]
      Of(task).Tell(TaskEventKind::kEnded, state, task, ending.worker);
    successors = std::exchange(EdgesOf(task, task.word.load(std::memory_order_relaxed)), 0);
  });
}

Engine::Closed Engine::CloseRarities(EngineTask& task, TaskRarities& rarities,
                                     TaskState state) noexcept {
  Closed closed;
  TaskPin armed;  // goes after the lock
  bool waited = false;
  bool pooled = false;
  Gate::After given_back(*this);
  {
    std::lock_guard lock(rarities.lock);
    if (state == TaskState::kCompleted) {
      closed.continuation = rarities.continuation;  // stays: who comes later goes on there
    } else {
      closed.unused = std::move(rarities.continuation);
    }
    closed.spare = std::exchange(rarities.spare, nullptr);
    if (TaskPolicy* const policy = rarities.policy.get()) {
      if (Attempts::Close(*this, *policy)) armed = TaskPin::Adopt(&task);
      if (policy->blocking != nullptr) pooled = std::exchange(policy->blocking->counted, false);
      if (policy->needs != nullptr) waited = Gate::Close(*policy->needs, given_back);
    }
    if (state == TaskState::kCompleted && !rarities.degraded.ok()) {
      static_cast<GroupCore&>(*task.scope).CountDegraded();
    }
  }
  if (closed.unused) hand_overs_.Forget(task);
  armed = TaskPin();
  if (waited) Unpin(task);
  given_back.Finish();
  if (pooled) CountPooled(-1);
  return closed;
}

void Engine::EndOne(EngineTask& task, TaskState state, bool drop, Ending& ending) noexcept {
  auto& group = static_cast<GroupCore&>(*task.scope);
  bool bounded = false;
  Closed closed;
  if (TaskRarities* const rarities = RaritiesOf(task)) {
    closed = CloseRarities(task, *rarities, state);
  }
  const Bits before = task.word.load(std::memory_order_relaxed);
  if (TaskWord::StateIn(before) == TaskState::kParked) [[unlikely]]
    CountParked(-1);
  if ((before & TaskWord::kBareName) == 0) {
    bounded = group.pending.bounded();
    if (state != TaskState::kCompleted) group.CountEndAs(state);
    if (teller_) [[unlikely]]
      SetReleaser(task, ending);
  }
  Bits after = 0;
  if (closed.continuation) {
    after = EndAndHandOver(task, drop, std::move(closed.continuation), closed.spare, ending);
  } else {
    std::uintptr_t successors = 0;
    after = EndAs(task, state, drop, successors, ending);
    if (closed.spare != nullptr) FreeBlock(closed.spare, ending.worker);
    ReleaseAll(successors, state, ending);
  }
  ending.from = {};
  // The task may be gone, and is only compared where others may have a reference.
  if ((after & TaskWord::kAwaited) != 0) NotifyTask(&task);
  if (!TaskWord::Referenced(after)) Destroy(task);
  if (bounded) [[unlikely]]
    LeaveBound(group, 1);
  if (ending.worker == nullptr) {
    state == TaskState::kCompleted ? group.CountCompleted() : group.CountEnd();
  } else if (state == TaskState::kCompleted) {
    ending.worker->CountCompleted(group);
  } else {
    ending.worker->CountEnd(group);
  }
}

void Engine::ReleaseAll(std::uintptr_t successors, TaskState state, Ending& ending) noexcept {
  EdgeList<StdPlatform>(successors)
      .Consume([&](const Edge& edge) { Release(edge, state, ending); },
               [&](EdgeBlock<StdPlatform>* block) { FreeBlock(block, ending.worker); });
}

void Engine::FreeBlock(EdgeBlock<StdPlatform>* block, EngineWorker* worker) noexcept {
  if (worker != nullptr) {
    blocks_.Give(worker->blocks(), block);
  } else {
    blocks_.GiveOutside(block);
  }
}

// The successor lives at least until we have arrived there.
void Engine::Release(const Edge& edge, TaskState state, Ending& ending) noexcept {
  auto& successor = static_cast<EngineTask&>(pool_->NodeOf(edge.successor));
  if (ending.from.valid()) [[unlikely]] {
    TellReleased(successor, ending.worker, ending.from, ending.record.get());
  }
  if (state != TaskState::kCompleted && !edge.run_anyway && DecideSkip(successor, ending)) return;
  if (Arrive(successor, 1)) MakeReady(successor, ending);
}

bool Engine::Arrive(EngineTask& task, std::uint32_t times) noexcept {
  return ArriveAt(EnginePool::JoinOf(task), times);
}

bool Engine::DecideSkip(EngineTask& task, Ending& ending) noexcept {
  Bits seen = 0;
  if (!task.Decide(seen)) return false;
  if ((seen & TaskWord::kBlocked) != 0) Unblock(task);
  // relaxed: ours until we arrive there.
  const std::uint32_t next = ending.skipped == nullptr ? 0 : EnginePool::IndexOf(*ending.skipped);
  task.link.store(next, std::memory_order_relaxed);
  ending.skipped = &task;
  return true;
}

void Engine::MakeReady(EngineTask& task, Ending& ending) noexcept {
  const Bits word = task.word.load(std::memory_order_relaxed);
  if ((word & TaskWord::kBlocked) != 0) [[unlikely]]
    Unblock(task);  // for want of memory not all were counted
  // After the last shutdown all have ended: this one, too, and nobody looks for its entry.
  if (phase_.load(std::memory_order_relaxed) == Phase::kClosed) [[unlikely]]
    return Unpin(task);
  const Lane lane = LaneOfReady(task);
  EngineWorker* const worker = ending.worker;
  if (teller_) [[unlikely]]
    TellBeforeEnd(TaskEventKind::kReady, TaskState::kReady, task, worker, ending.from);
  if (worker == nullptr || worker->strict() || lane != Lane::kNormal) {
    loop_.AddShared(task, lane);
    ending.shared = true;
  } else if (ending.next == nullptr) {
    ending.next = &task;
  } else {
    worker->Push(task);
    ending.pushed = true;
  }
}

void Engine::FinishSkips(Ending& ending) noexcept {
  const auto take = [this](EngineTask*& first) {
    EngineTask* const task = first;
    const std::uint32_t next = task->link.load(std::memory_order_relaxed);
    first = next == 0 ? nullptr : &static_cast<EngineTask&>(pool_->NodeOf(next));
    return task;
  };
  do {
    while (ending.skipped != nullptr) {
      EngineTask* const task = take(ending.skipped);
      EndSkipped(*task, ending);
      if (Arrive(*task, 1)) Unpin(*task);  // nothing else has a use for it
    }
    if (ending.starved != nullptr) {
      EngineTask* const task = take(ending.starved);
      EndUnrunFailed(*task, OutOfMemory(), ending);
      Unpin(*task);
    }
  } while (ending.skipped != nullptr || ending.starved != nullptr);
}

void Engine::FinishCall(Ending& ending) noexcept {
  FinishEnding(ending);
  if (ending.worker == nullptr) return;
  if (ending.next != nullptr) ending.worker->GiveAway(*ending.next);
  TurnBack(*ending.worker);
}

void Engine::FinishSubmission(Ending& ending) noexcept {
  FinishEnding(ending);
  if (ending.worker == nullptr) return;
  if (ending.next != nullptr) {
    ending.worker->Push(*ending.next);
    ending.worker->Announce();
  }
  TurnBack(*ending.worker);
}

void Engine::TurnBack(EngineWorker& worker) noexcept {
  if (const EngineTask* const current = worker.current()) {
    worker.TurnTo(*current->scope);
  } else {
    worker.HandInEnds();
  }
}

void Engine::FinishEnding(Ending& ending) noexcept {
  FinishSkips(ending);
  if (ending.pushed) ending.worker->Announce();
  if (ending.shared) WakeShared(ending.worker);
}

void Engine::WakeShared(const EngineWorker* worker) noexcept {
  if (!drains_in_wait_) return loop_.Wake();
  if (worker != nullptr) return;  // it drains
  waits_.Notify([](const Waiter& waiter) { return waiter.drains; });
}

void Engine::NotifyTask(const EngineTask* task) {
  waits_.Notify([task](const Waiter& waiter) { return waiter.target.task == task; });
}

void Engine::NotifyGroup(const GroupCore* group) {
  waits_.Notify([group](const Waiter& waiter) {
    return waiter.target.group == group || waiter.group == group;
  });
}

}  // namespace weft::internal
