// SPDX-License-Identifier: Apache-2.0
//
// Bodies that block run on threads of a pool: the worker that finds such a task hands it on. There
// it has a worker's slot for as long as it runs, which counts as nobody's: so it may submit and
// wait as others do.

#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/engine_pooled.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/task_extras.h"
#include "weft/scheduler/thread_pool.h"

namespace weft::internal {

absl::Status Engine::PrepareBlocking() {
  // acquire: what it was made with is visible.
  if (blocking_pool_.load(std::memory_order_acquire) != nullptr) return absl::OkStatus();
  absl::MutexLock lock(&blocking_mu_);
  if (blocking_ != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<ThreadPool>> pool =
      ThreadPool::Create({.threads = blocking_threads_});
  if (!pool.ok()) return pool.status();
  blocking_ = *std::move(pool);
  blocking_pool_.store(blocking_.get(), std::memory_order_release);
  return absl::OkStatus();
}

bool Engine::BelongsToPool(const EngineTask& task) const {
  const TaskRarities* const rarities = RaritiesOf(task);
  return rarities != nullptr && rarities->policy != nullptr &&
         rarities->policy->blocking != nullptr && !FrameOfThread()->pooled;
}

// With the entry's pin. In flight from here on, in the place of the worker that found it.
void Engine::SendToPool(EngineTask& task, PooledTask& pooled) noexcept {
  CountPooled(1);
  Lane lane = Lane::kNormal;
  if (PutOnPool(task, pooled, lane)) {
    // relaxed: who submitted the task has made it.
    if (blocking_pool_.load(std::memory_order_relaxed)->Enqueue(pooled, lane)) return;
    if (!TakeOffPool(task, pooled)) return Unpin(task);  // it was shut down: the task has ended
  }
  CountPooled(-1);
  Unpin(task);
}

// False: it is there, somebody has it, or it has ended.
bool Engine::PutOnPool(EngineTask& task, PooledTask& pooled, Lane& lane) noexcept {
  const TaskRarities& rarities = *RaritiesOf(task);
  std::lock_guard lock(RaritiesOf(task)->lock);
  const Bits word = task.word.load(std::memory_order_relaxed);
  const bool waits =
      TaskWord::StateIn(word) == TaskState::kPending && (word & TaskWord::kEnding) == 0;
  if (pooled.pooled || !waits) return false;
  pooled.pooled = true;
  pooled.counted = true;
  // What it was granted must not lie there.
  const TaskNeeds* const needs = rarities.policy->needs.get();
  const bool holds = needs != nullptr && needs->state == TaskNeeds::State::kHeld;
  lane = holds ? Lane::kUrgent : LaneIn(word);
  return true;
}

// True: it was in flight there, and is the caller's to count.
bool Engine::TakeOffPool(EngineTask& task, PooledTask& pooled) noexcept {
  std::lock_guard lock(RaritiesOf(task)->lock);
  pooled.pooled = false;
  return std::exchange(pooled.counted, false);
}

// It runs in the place of the body that waits for it.
void Engine::LeavePool(EngineTask& task) noexcept {
  const TaskRarities* const rarities = RaritiesOf(task);
  if (rarities == nullptr || rarities->policy == nullptr) return;
  PooledTask* const pooled = rarities->policy->blocking.get();
  if (pooled == nullptr) return;
  bool counted = false;
  {
    std::lock_guard lock(RaritiesOf(task)->lock);
    counted = std::exchange(pooled->counted, false);
  }
  if (counted) CountPooled(-1);
}

void Engine::CountPooled(int change) noexcept {
  pooled_.fetch_add(change, std::memory_order_relaxed);
  CountParked(change);
}

// Where there is no memory for a slot. One that waits for resources, or is tried again later,
// comes once more.
void Engine::FailPooled(EngineTask& task) noexcept {
  const TaskPin held = TaskPin::Adopt(&task);
  Bits seen = 0;
  {
    std::lock_guard lock(RaritiesOf(task)->lock);
    const TaskNeeds* const needs = RaritiesOf(task)->policy->needs.get();
    const bool waits = needs != nullptr && needs->state == TaskNeeds::State::kWaits;
    const Bits word = task.word.load(std::memory_order_relaxed);
    if (waits || TaskWord::StateIn(word) != TaskState::kPending || !task.Decide(seen)) return;
  }
  Ending ending(nullptr);
  EndUnrunFailed(task, OutOfMemory(), ending);
  FinishCall(ending);
}

void Engine::RunPooled(PoolItem& item, bool) noexcept {
  auto& pooled = static_cast<PooledTask&>(item);
  EngineTask& task = *pooled.task;
  Engine& engine = Of(task);
  const bool counted = engine.TakeOffPool(task, pooled);
  const int slot = engine.loop_.EnterApart();
  if (slot == RunLoop<StdPlatform>::kNoSlot) {
    engine.FailPooled(task);
  } else {
    EngineWorker& worker = engine.loop_.WorkerAt(slot);
    {
      ThreadFrame frame(&engine, &worker);
      frame.pooled = true;
      if (ReadyNode* const next = StepHere(task, worker)) worker.GiveAway(*next);
    }
    engine.loop_.LeaveApart(slot);
  }
  if (counted) engine.CountPooled(-1);
}

Engine::PooledWait::PooledWait(Engine& engine, const ThreadFrame& thread) : engine_(engine) {
  if (thread.pooled) status_ = Widen();
}

absl::Status Engine::PooledWait::Widen() {
  absl::MutexLock lock(&engine_.blocking_mu_);
  if (engine_.pooled_waits_ == kMaxPooledWaits) return TooManyBlocked();
  const int width = engine_.blocking_threads_ + engine_.pooled_waits_ + 1;
  if (width > ThreadPool::kMaxThreads) return TooManyBlocked();
  absl::Status resized = engine_.blocking_->Resize(width);
  if (!resized.ok()) return resized;
  ++engine_.pooled_waits_;
  widened_ = true;
  engine_.CountPooled(-1);
  return absl::OkStatus();
}

Engine::PooledWait::~PooledWait() {
  if (!widened_) return;
  engine_.CountPooled(1);
  absl::MutexLock lock(&engine_.blocking_mu_);
  --engine_.pooled_waits_;
  // To less, which fails only after a shutdown: then there is nothing to change.
  engine_.blocking_->Resize(engine_.blocking_threads_ + engine_.pooled_waits_).IgnoreError();
}

}  // namespace weft::internal
