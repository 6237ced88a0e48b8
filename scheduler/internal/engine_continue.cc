// SPDX-License-Identifier: Apache-2.0
//
// A body that hands its successors over to a task that goes on in its place.

#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {

absl::Status Engine::Continue(EngineTask& task, EngineTask& continuation) noexcept {
  if (Forked()) return ForkedError();
  return OrOutOfMemory([&] { return ContinueAs(task, continuation); });
}

absl::Status Engine::ContinueAs(EngineTask& task, EngineTask& continuation) {
  if (&Of(continuation) != this) {
    return absl::InvalidArgumentError("the continuation belongs to another scheduler");
  }
  TaskRarities& rarities = MakeExtras(task).MakeRarities();
  TaskPin before(&continuation);  // declared before the lock: destroyed after it
  absl::MutexLock late(&late_mu_);
  if (absl::Status path = CheckEdge(task, continuation, "cannot continue as"); !path.ok()) {
    return path;
  }
  EdgeBlock<StdPlatform>* unused = NewBlock();
  try {
    hand_overs_.Plan(task, continuation);
  } catch (const std::bad_alloc&) {
    FreeBlock(unused, WorkerOfThread());
    throw;
  }
  {
    std::lock_guard lock(rarities.lock);
    std::swap(rarities.continuation, before);
    if (rarities.spare == nullptr) std::swap(rarities.spare, unused);
  }
  if (unused != nullptr) FreeBlock(unused, WorkerOfThread());
  return absl::OkStatus();
}

TaskPin Engine::ContinuationOf(const EngineTask& task) {
  TaskRarities* const rarities = RaritiesOf(task);
  if (rarities == nullptr) return {};
  std::lock_guard lock(rarities->lock);
  return rarities->continuation;
}

// Under the lock of what waits for names: `to` may be one of those, and the successors
// are, then.
void Engine::HandOver(std::uintptr_t successors, TaskPin to, EdgeBlock<StdPlatform>* spare,
                      Ending& ending) noexcept {
  // Where that one has been continued already, to the end of the chain.
  const auto follow = [&to] {
    TaskPin next = ContinuationOf(*to);
    if (!next) return false;
    to = std::move(next);
    return true;
  };
  bool used = false;
  Bits word = 0;
  {
    absl::MutexLock lock(&blocked_mu_);
    bool open = to->LockEdges(word);
    while (!open && follow()) open = to->LockEdges(word);
    if (open) {
      const bool blocked = (word & TaskWord::kBlocked) != 0;
      if (blocked) {
        EdgeList<StdPlatform>(successors).ForEach([&](const Edge& edge) {
          blocked_mu_.AssertHeld();
          auto& successor = static_cast<EngineTask&>(pool_->NodeOf(edge.successor));
          if (CountBlockedBy(successor, ending.starved)) SetBlocked(successor, ending.starved);
        });
      }
      used = EdgeList<StdPlatform>(EdgesOf(*to, word)).Splice(successors, spare);
      to->UnlockEdges((word & TaskWord::kHasEdges) == 0 ? TaskWord::kHasEdges : 0);
      successors = 0;
    }
  }
  if (!used) FreeBlock(spare, ending.worker);
  if (successors == 0) return;
  const TaskState state = TaskWord::StateIn(word);
  if (state != TaskState::kCompleted) ending.cause = CauseOf(*to);
  ReleaseAll(successors, state, ending);
}

}  // namespace weft::internal
