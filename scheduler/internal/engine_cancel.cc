// SPDX-License-Identifier: Apache-2.0
//
// Tasks, groups, runs of graphs, and all of them are cancelled.

#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_attempts.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/group_cursor.h"

namespace weft::internal {

// Outside the lock, for a cancel calls users' callbacks; the run stays until it is over.
void Engine::CancelGraphs(const absl::Status& why) {
  GraphRun* run = nullptr;
  for (;;) {
    {
      absl::MutexLock lock(&mu_);
      if (run == nullptr) {
        run = graph_runs_;
      } else {
        --run->cancels;
        run = run->next;
      }
      if (run == nullptr) return;
      ++run->cancels;
    }
    run->graph->Cancel(why);
  }
}

// Pending and parked tasks end here; Ready ones when they are claimed; Running ones see it.
void Engine::CancelOne(EngineTask& task) {
  // relaxed: it has been one from the beginning.
  if ((task.word.load(std::memory_order_relaxed) & TaskWord::kFinaliser) != 0) return;
  // seq_cst: before the look for the source of a token.
  const Bits before = task.word.fetch_or(TaskWord::kCancel, std::memory_order_seq_cst);
  if (TaskWord::Ended(before)) return;
  const bool waits = TaskWord::StateIn(before) == TaskState::kParked ||
                     EnginePool::JoinOf(task).load(std::memory_order_acquire) != 0;
  if (waits) {
    Bits seen = 0;
    if (!task.Decide(seen)) return CancelTokenOf(task, cancelled_);
    if ((seen & TaskWord::kBlocked) != 0) Unblock(task);
    Ending ending(WorkerOfThread());
    task.Add(TaskWord::kPin);
    EndCancelled(task, ending);
    return FinishCall(ending);
  }
  if (Gate::Withdraw(task)) return EndWithdrawn(task);
  CancelTokenOf(task, cancelled_);
}

// One that waited for resources, with the pin that the ledger had.
void Engine::EndWithdrawn(EngineTask& task) {
  Bits seen = 0;
  if (!task.Decide(seen)) return Unpin(task);
  Ending ending(WorkerOfThread());
  EndCancelled(task, ending);
  FinishCall(ending);
}

void Engine::CancelTokenOf(EngineTask& task, const absl::Status& why) {
  TaskRarities* const rarities = RaritiesOf(task);
  if (rarities == nullptr) return;
  std::optional<CancellationSource> source;
  {
    std::lock_guard lock(rarities->lock);
    source = rarities->source;
  }
  if (source) source->Cancel(why);
}

void Engine::Cancel(EngineTask& task) {
  if (Forked()) return;
  if (TaskWord::Ended(task.word.load(std::memory_order_acquire))) return;
  const Call call(*this);
  CancelOne(task);
}

void Engine::CancelGroup(GroupCore& group, absl::Status why) {
  if (why.ok()) why = group_cancelled_;
  CancelGroup(group, why, /*late=*/false);
}

void Engine::CancelGroup(GroupCore& group, const absl::Status& why, bool late) {
  if (Forked()) return;
  const Call call(*this);
  if (!group.BeginCancel(why, late)) return;
  CancelTasks(group, why);
  group.CancelToken(why);
}

void Engine::EndLateGroup(Timer& timer) noexcept {
  GroupCore& group = static_cast<GroupCore::GroupTimer&>(timer).group;
  group.engine().CancelGroup(group, GroupCore::LateStatus(), /*late=*/true);
  group.Unref();
}

void Engine::CancelTasks(GroupCore& group, const absl::Status& why) {
  tasks_.ForEach([&](EngineTask& task) {
    if (TaskWord::Ended(task.word.load(std::memory_order_seq_cst)) || !task.TryPin()) return;
    const TaskPin held = TaskPin::Adopt(&task);
    const Bits word = task.word.load(std::memory_order_relaxed);
    if (task.scope != &group || TaskWord::Ended(word) || (word & TaskWord::kBareName) != 0) return;
    if (TaskWord::StateIn(word) != TaskState::kRunning) {
      CancelOne(task);
    } else if ((word & TaskWord::kFinaliser) == 0) {
      CancelTokenOf(task, why);
    }
  });
}

CancellationToken Engine::TokenOf(EngineTask& task) {
  TaskRarities& rarities = MakeExtras(task).rarities.Make();
  CancellationSource source;
  {
    std::lock_guard lock(rarities.lock);
    if (!rarities.source) rarities.source = source;
    source = *rarities.source;
  }
  // After the source is known: whoever cancels looks for it after the request.
  const auto& group = static_cast<const GroupCore&>(*task.scope);
  const Bits word = task.word.load(std::memory_order_seq_cst);
  const bool finaliser = (word & TaskWord::kFinaliser) != 0;
  if (!finaliser && group.StoppedNow()) {
    source.Cancel(group.cancel_reason());
  } else if (!finaliser && (word & TaskWord::kCancel) != 0) {
    source.Cancel(cancelled_);
  } else if (IsLate(task)) {
    source.Cancel(Attempts::LateStatus());
  }
  return source.token();
}

void Engine::CancelAll(const absl::Status& why) {
  if (Forked()) return;
  {
    GroupCursor groups(*this);
    while (const IntrusivePtr<GroupCore> group = groups.Next()) CancelGroup(*group, why);
  }
  CancelGraphs(why);
}

}  // namespace weft::internal
