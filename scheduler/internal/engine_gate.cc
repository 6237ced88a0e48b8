// SPDX-License-Identifier: Apache-2.0
//
// Tasks that need resources: they ask, wait, are granted, give back, and go away.

#include "weft/scheduler/internal/engine_gate.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/scheduler/internal/bounds.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/raised_entry.h"
#include "weft/scheduler/internal/task_extras.h"

namespace weft::internal {

absl::StatusOr<std::unique_ptr<TaskNeeds>> Engine::Gate::MakeNeeds(Engine& engine,
                                                                   const TaskOptions& options) {
  if (!options.NeedsResources()) return nullptr;
  const bool has_memory = options.memory_bytes > 0;
  // Before the first of them can begin it is known how much there is.
  if (has_memory) {
    engine.bounds_->LookOnce([&engine] {
      After after(engine);
      LookNow(engine, engine.clock_.Now(), after);
    });
  }
  absl::StatusOr<ResourceClaim> claim = engine.bounds_->table().Resolve(
      options.resources, has_memory ? std::optional(options.memory_bytes) : std::nullopt);
  if (!claim.ok()) return claim.status();
  if (claim->empty()) return nullptr;
  return std::make_unique<TaskNeeds>(*std::move(claim));
}

TaskNeeds* Engine::Gate::NeedsOf(const EngineTask& task) {
  const TaskRarities* const rarities = RaritiesOf(task);
  if (rarities == nullptr || rarities->policy == nullptr) return nullptr;
  return rarities->policy->needs.get();
}

// The ledger has a pin from here on, when it queues.
bool Engine::Gate::Acquire(EngineTask& task, TaskNeeds& needs, bool may_wait,
                           After& after) noexcept {
  using Acquired = Bounds::Ledger::Acquired;
  Bounds::Ledger& ledger = Of(task).bounds_->ledger();
  const Acquired acquired = ledger.TryAcquire(needs.waiter, may_wait);
  if (acquired == Acquired::kGranted) {
    needs.state = TaskNeeds::State::kHeld;
    return true;
  }
  if (acquired == Acquired::kNot) return false;
  task.Add(TaskWord::kPin);
  needs.state = TaskNeeds::State::kWaits;
  after.look_again_ = after.look_again_ || acquired == Acquired::kQueuedAtGate;
  // seq_cst: who cancels the group, and looks for its tasks after that, finds this one, or is seen.
  const Bits word = task.word.fetch_or(0, std::memory_order_seq_cst);
  const auto& group = static_cast<const GroupCore&>(*task.scope);
  const bool stop =
      (word & TaskWord::kFinaliser) == 0 && ((word & TaskWord::kCancel) != 0 || group.StoppedNow());
  if (!stop) {
    if (!after.stuck_ && ledger.IsStuck(needs.waiter)) after.stuck_ = TaskPin(&task);
    return false;
  }
  auto [was_queued, granted] = ledger.Withdraw(needs.waiter);
  after.Add(std::move(granted));
  if (!was_queued) return false;  // it is about to be handed out
  needs.state = TaskNeeds::State::kNone;
  task.Drop(TaskWord::kPin);  // never the last: the caller has one
  return true;                // it will end unrun
}

bool Engine::Gate::Enter(EngineTask& task, After& after) noexcept {
  TaskNeeds& needs = *NeedsOf(task);
  std::lock_guard lock(RaritiesOf(task)->lock);
  if (needs.state == TaskNeeds::State::kWaits) return false;
  // relaxed: it becomes pending, or parked, under the lock.
  const Bits word = task.word.load(std::memory_order_relaxed);
  const bool runs = TaskWord::StateIn(word) == TaskState::kPending &&
                    (word & (TaskWord::kEnding | TaskWord::kCancel)) == 0;
  if (!runs || needs.state != TaskNeeds::State::kNone) return true;
  return Acquire(task, needs, /*may_wait=*/true, after);
}

Engine::Gate::Passed Engine::Gate::Claim(EngineTask& task, bool may_wait, After& after) noexcept {
  TaskNeeds& needs = *NeedsOf(task);
  std::lock_guard lock(RaritiesOf(task)->lock);
  const Bits word = task.word.load(std::memory_order_relaxed);
  const bool pending =
      TaskWord::StateIn(word) == TaskState::kPending && (word & TaskWord::kEnding) == 0;
  if (!pending) return Passed::kNot;
  if ((word & TaskWord::kCancel) == 0 && needs.state != TaskNeeds::State::kHeld) {
    if (needs.state == TaskNeeds::State::kWaits) return Passed::kWaits;
    if (!Acquire(task, needs, may_wait, after)) return Passed::kWaits;
  }
  return PassedAs(task.Claim());
}

Engine::Gate::Passed Engine::Gate::ClaimAny(EngineTask& task, bool may_wait,
                                            After& after) noexcept {
  return NeedsOf(task) == nullptr ? PassedAs(task.Claim()) : Claim(task, may_wait, after);
}

Engine::Gate::Passed Engine::Gate::PassedAs(EngineTask::Claimed claimed) {
  switch (claimed) {
    case EngineTask::Claimed::kRun: return Passed::kRun;
    case EngineTask::Claimed::kEnd: return Passed::kEnd;
    case EngineTask::Claimed::kNot: break;
  }
  return Passed::kNot;
}

bool Engine::Gate::Holds(EngineTask& task) noexcept {
  const TaskNeeds* const needs = NeedsOf(task);
  if (needs == nullptr) return false;
  std::lock_guard lock(RaritiesOf(task)->lock);
  return needs->state == TaskNeeds::State::kHeld;
}

const TaskNeeds* Engine::Gate::NeedsToBegin(EngineTask& task) noexcept {
  // acquire: of what was a name until now the policy is visible.
  const Bits before = task.word.load(std::memory_order_acquire);
  if ((before & TaskWord::kBareName) != 0) return nullptr;
  const TaskNeeds* const needs = NeedsOf(task);
  if (needs == nullptr) return nullptr;
  std::lock_guard lock(RaritiesOf(task)->lock);
  const bool over = needs->state == TaskNeeds::State::kOver;  // else its group is there
  if (over || needs->state == TaskNeeds::State::kHeld) return nullptr;
  const Bits word = task.word.load(std::memory_order_relaxed);
  if (!TaskWord::Decidable(word)) return nullptr;
  const auto& group = static_cast<const GroupCore&>(*task.scope);
  const bool finaliser = (word & TaskWord::kFinaliser) != 0;
  const bool stops = (word & TaskWord::kCancel) != 0 || group.stopped() ||
                     group.deadline() != absl::InfiniteDuration();
  if ((stops && !finaliser) || RaritiesOf(task)->policy->deadline != absl::InfiniteDuration()) {
    return nullptr;
  }
  return needs;
}

bool Engine::Gate::TakeBack(EngineTask& task, After& after) noexcept {
  TaskNeeds* const needs = NeedsOf(task);
  if (needs == nullptr) return false;
  std::lock_guard lock(RaritiesOf(task)->lock);
  const Bits word = task.word.load(std::memory_order_relaxed);
  const bool held = needs->state == TaskNeeds::State::kHeld;
  if (!held || TaskWord::StateIn(word) != TaskState::kPending) return false;
  Release(*needs, after);
  return true;
}

void Engine::Gate::Release(TaskNeeds& needs, After& after) noexcept {
  if (needs.state != TaskNeeds::State::kHeld) return;
  needs.state = TaskNeeds::State::kNone;
  after.Add(after.engine_.bounds_->ledger().Release(needs.waiter));
}

bool Engine::Gate::Close(TaskNeeds& needs, After& after) noexcept {
  Release(needs, after);
  const bool waits =
      std::exchange(needs.state, TaskNeeds::State::kOver) == TaskNeeds::State::kWaits;
  if (!waits) return false;
  auto [was_queued, granted] = after.engine_.bounds_->ledger().Withdraw(needs.waiter);
  after.Add(std::move(granted));
  return was_queued;
}

bool Engine::Gate::Withdraw(EngineTask& task) noexcept {
  TaskNeeds* const needs = NeedsOf(task);
  if (needs == nullptr) return false;
  After after(Of(task));
  std::lock_guard lock(RaritiesOf(task)->lock);
  if (needs->state != TaskNeeds::State::kWaits) return false;
  auto [was_queued, granted] = Of(task).bounds_->ledger().Withdraw(needs->waiter);
  after.Add(std::move(granted));
  if (was_queued) needs->state = TaskNeeds::State::kNone;
  return was_queued;
}

void Engine::Gate::After::Finish() noexcept {
  if (std::exchange(looked_, false)) engine_.TellWhetherOneByOne();
  if (!granted_.empty()) HandOut(engine_, granted_);
  if (std::exchange(look_again_, false)) engine_.LookAgain();
  if (const TaskPin stuck = std::exchange(stuck_, TaskPin())) engine_.TellStuck(*stuck);
}

void Engine::Gate::HandOut(Engine& engine, GrantedWaiters& granted) noexcept {
  bool shared = false;
  while (ResourceWaiter* const waiter = granted.TakeFirst()) {
    TaskPin task = TaskPin::Adopt(static_cast<TaskNeeds::Waiter*>(waiter)->task);
    TaskRarities& rarities = *RaritiesOf(*task);
    TaskNeeds& needs = *rarities.policy->needs;
    bool queued = false;
    {
      std::lock_guard lock(rarities.lock);
      if (needs.state == TaskNeeds::State::kOver) {
        granted.Append(engine.bounds_->ledger().Release(needs.waiter));
        continue;
      }
      needs.state = TaskNeeds::State::kHeld;
      queued = std::exchange(rarities.policy->queued, true);
    }
    // relaxed: whoever raises it after this finds it ready.
    const Lane lane = LaneIn(task->word.load(std::memory_order_relaxed));
    shared = true;
    if (queued) {  // its own entry lies elsewhere still; it may have been raised since
      engine.AddRaised(*task, lane);
    } else {
      engine.loop_.AddShared(*task.Release(), lane);
    }
  }
  if (shared) engine.WakeShared(engine.WorkerOfThread());
}

Engine::Gate::Blocked::Blocked(Engine& engine, const EngineTask* body) noexcept : engine_(engine) {
  TaskNeeds* const needs = body == nullptr ? nullptr : NeedsOf(*body);
  // A destructor or a callback may wait inside a wait of the same body.
  if (needs == nullptr || engine_.bounds_->ledger().IsBlocked(needs->waiter)) return;
  needs_ = needs;
  After after(engine_);
  after.Add(engine_.bounds_->ledger().Block(needs->waiter));
}

Engine::Gate::Blocked::~Blocked() {
  if (needs_ != nullptr) engine_.bounds_->ledger().Unblock(needs_->waiter);
}

void Engine::Gate::LookAtMemory(Engine& engine, const EngineTask& task, After& after) noexcept {
  const TaskNeeds* const needs = NeedsOf(task);
  if (needs == nullptr || !needs->claim.minds_memory()) return;
  const absl::Duration now = engine.clock_.Now();
  if (engine.bounds_->Due(now)) LookNow(engine, now, after);
}

void Engine::Gate::LookNow(Engine& engine, absl::Duration now, After& after) noexcept {
  auto ticked = engine.bounds_->Tick(now);
  // Those that need nothing wait in their queues while it is closed.
  const bool closed = engine.bounds_->ledger().closed();
  const bool somebody_waits =
      closed && (!engine.loop_.Quiet() || engine.bounds_->ledger().AnyQueued());
  after.look_again_ = after.look_again_ || ticked.look_again || somebody_waits;
  after.looked_ = true;
  after.Add(std::move(ticked.granted));
}

// One timer for all: who waits at a closed gate, where nobody else may come to look.
void Engine::LookAgain() noexcept {
  // Where there is no thread for it, whoever comes by looks.
  if (!OrOutOfMemory([this] { return timers_.Prepare(); }).ok()) return;
  absl::MutexLock lock(&look_mu_);
  if (std::exchange(look_armed_, true)) return;
  timers_.Arm(look_timer_, bounds_->next_look());
}

void Engine::Gate::Look(Timer& timer) noexcept {
  Engine& engine = *static_cast<LookTimer&>(timer).engine;
  {
    absl::MutexLock lock(&engine.look_mu_);
    engine.look_armed_ = false;
  }
  After after(engine);
  LookNow(engine, engine.clock_.Now(), after);
}

ReadyNode* Engine::StepEntry(EngineTask& task, EngineWorker& worker) noexcept {
  Engine& engine = Of(task);
  if (!engine.BelongsToPool(task)) return StepHere(task, worker);
  engine.SendToPool(task, *RaritiesOf(task)->policy->blocking);
  return nullptr;
}

ReadyNode* Engine::StepHere(EngineTask& task, EngineWorker& worker) noexcept {
  if (Gate::NeedsOf(task) == nullptr) {
    return Begin(task, worker) ? OpsOf(task).run(task, worker, /*drop=*/true) : nullptr;
  }
  worker.TurnTo(*task.scope);
  auto passed = Gate::Passed::kNot;
  {
    Gate::After after(Of(task));
    Gate::LookAtMemory(Of(task), task, after);
    passed = Gate::Claim(task, /*may_wait=*/true, after);
  }
  switch (passed) {
    case Gate::Passed::kRun:
      if (MayStart(task)) return OpsOf(task).run(task, worker, /*drop=*/true);
      [[fallthrough]];
    case Gate::Passed::kEnd: EndUnrun(task, worker, EngineTask::Claimed::kEnd); break;
    case Gate::Passed::kWaits:
    case Gate::Passed::kNot: Unpin(task); break;
  }
  return nullptr;
}

bool Engine::MayTake(ReadyNode& node) noexcept {
  if (!node.ops->is_task) return true;
  EngineTask& task = TaskOf(node);
  if (Gate::NeedsOf(task) == nullptr) return true;
  Gate::After after(*this);
  Gate::LookAtMemory(*this, task, after);
  if (Gate::Enter(task, after)) return true;
  DropEntry(node);
  return false;
}

}  // namespace weft::internal
