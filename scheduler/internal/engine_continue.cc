// SPDX-License-Identifier: Apache-2.0
//
// A body that hands its successors over to a task that goes on in its place.

#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {

absl::Status Engine::Continue(EngineTask& task, EngineTask& continuation) noexcept {
  if (Forked()) return ForkedError();
  absl::Status continues = OrOutOfMemory([&] { return ContinueAs(task, continuation); });
  if (continues.ok() && bounds_->ledger().AnyBlocked()) TellStuck(continuation);
  if (continues.ok()) Raise(continuation, LaneIn(task.word.load(std::memory_order_relaxed)));
  return continues;
}

absl::Status Engine::ContinueAs(EngineTask& task, EngineTask& continuation) {
  if (&Of(continuation) != this) {
    return absl::InvalidArgumentError("the continuation belongs to another scheduler");
  }
  TaskRarities& rarities = MakeExtras(task).rarities.Make();
  TaskPin before(&continuation);  // declared before the lock: destroyed after it
  absl::MutexLock late(&late_mu_);
  EdgeBlock<StdPlatform>* unused = NewBlock();
  EngineTask* planned_before = nullptr;
  bool planned = false;
  absl::Cleanup take_back = [&] {
    if (planned) hand_overs_.TakeBack(task, planned_before);
    FreeBlock(unused, WorkerOfThread());
  };
  // Before the look, as who waits does: of a wait and this that close a cycle, one sees the other.
  planned_before = hand_overs_.Plan(task, continuation);
  planned = true;
  if (absl::Status path = CheckEdge(task, continuation, "cannot continue as"); !path.ok()) {
    return path;
  }
  std::move(take_back).Cancel();
  {
    std::lock_guard lock(rarities.lock);
    std::swap(rarities.continuation, before);
    if (rarities.spare == nullptr) std::swap(rarities.spare, unused);
  }
  if (unused != nullptr) FreeBlock(unused, WorkerOfThread());
  return absl::OkStatus();
}

void Engine::ForgetContinuation(EngineTask& task) noexcept {
  TaskRarities* const rarities = RaritiesOf(task);
  TaskPin forgotten;  // goes after the lock
  if (rarities != nullptr) {
    std::lock_guard lock(rarities->lock);
    forgotten = std::move(rarities->continuation);
  }
  if (forgotten) hand_overs_.Forget(task);
}

TaskPin Engine::ContinuationOf(const EngineTask& task) {
  TaskRarities* const rarities = RaritiesOf(task);
  if (rarities == nullptr) return {};
  std::lock_guard lock(rarities->lock);
  return rarities->continuation;
}

TaskWord::Bits Engine::EndAndHandOver(EngineTask& task, bool drop, TaskPin to,
                                      EdgeBlock<StdPlatform>* spare, Ending& ending) noexcept {
  Bits after = 0;
  std::uintptr_t rest = 0;
  TaskPin next;
  const auto carry = [&] {
    // One that has handed over itself is not where they belong; another look may find more.
    if (TaskWord::Ended(to->word.load(std::memory_order_acquire))) next = ContinuationOf(*to);
    if (next) return false;
    after = EndAs(task, TaskState::kCompleted, drop, rest, ending);
    if (HandOver(rest, *to, spare, ending)) rest = 0;
    return true;
  };
  // Without the lock: the pin that is dropped may be the last, and a value goes with it.
  while (!hand_overs_.Carry(task, carry)) to = std::exchange(next, TaskPin());
  if (spare != nullptr) FreeBlock(spare, ending.worker);
  if (rest == 0) return after;
  const TaskState state = TaskWord::StateIn(to->word.load(std::memory_order_acquire));
  if (state != TaskState::kCompleted) ending.cause = CauseOf(*to);
  if (ending.from.valid()) SetReleaser(*to, ending);
  ReleaseAll(rest, state, ending);
  return after;
}

// Under the lock of what waits for names: `to` may be one of those, and the successors
// are, then.
bool Engine::HandOver(std::uintptr_t successors, EngineTask& to, EdgeBlock<StdPlatform>*& spare,
                      Ending& ending) noexcept {
  absl::MutexLock lock(&blocked_mu_);
  Bits word = 0;
  if (!to.LockEdges(word)) return false;
  if ((word & TaskWord::kBlocked) != 0) {
    EdgeList<StdPlatform>(successors).ForEach([&](const Edge& edge) {
      blocked_mu_.AssertHeld();
      auto& successor = static_cast<EngineTask&>(pool_->NodeOf(edge.successor));
      if (CountBlockedBy(successor, ending.starved)) SetBlocked(successor, ending.starved);
    });
  }
  if (EdgeList<StdPlatform>(EdgesOf(to, word)).Splice(successors, spare)) spare = nullptr;
  to.UnlockEdges((word & TaskWord::kHasEdges) == 0 ? TaskWord::kHasEdges : 0);
  return true;
}

}  // namespace weft::internal
