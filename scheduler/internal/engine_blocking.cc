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

// With the entry's pin. In flight from here on.
void Engine::SendToPool(EngineTask& task, PooledTask& pooled) noexcept {
  {
    std::lock_guard lock(RaritiesOf(task)->lock);
    if (std::exchange(pooled.pooled, true)) return Unpin(task);
  }
  CountParked(1);
  const Lane lane = LaneIn(task.word.load(std::memory_order_relaxed));
  // relaxed: who submitted the task has made it.
  if (blocking_pool_.load(std::memory_order_relaxed)->Enqueue(pooled, lane)) return;
  CountParked(-1);  // it was shut down: the task has ended
  Unpin(task);
}

void Engine::RunPooled(PoolItem& item, bool) noexcept {
  EngineTask& task = *static_cast<PooledTask&>(item).task;
  Engine& engine = Of(task);
  {
    std::lock_guard lock(RaritiesOf(task)->lock);
    static_cast<PooledTask&>(item).pooled = false;
  }
  const int slot = engine.loop_.EnterApart();
  if (slot == RunLoop<StdPlatform>::kNoSlot) {
    const TaskPin held = TaskPin::Adopt(&task);
    Bits seen = 0;
    if (task.Decide(seen)) {
      Ending ending(nullptr);
      engine.EndUnrunFailed(task, OutOfMemory(), ending);
      engine.FinishCall(ending);
    }
  } else {
    EngineWorker& worker = engine.loop_.WorkerAt(slot);
    {
      ThreadFrame frame(&engine, &worker);
      frame.pooled = true;
      if (ReadyNode* const next = StepHere(task, worker)) worker.GiveAway(*next);
    }
    engine.loop_.LeaveApart(slot);
  }
  engine.CountParked(-1);
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
  return absl::OkStatus();
}

Engine::PooledWait::~PooledWait() {
  if (!widened_) return;
  absl::MutexLock lock(&engine_.blocking_mu_);
  --engine_.pooled_waits_;
  // To less, which fails only after a shutdown: then there is nothing to change.
  engine_.blocking_->Resize(engine_.blocking_threads_ + engine_.pooled_waits_).IgnoreError();
}

}  // namespace weft::internal
