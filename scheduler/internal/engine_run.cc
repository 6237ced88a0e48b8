// SPDX-License-Identifier: Apache-2.0
//
// Threads come and go; graphs run; tasks, groups and runs are cancelled.

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/blocking_scope.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"

namespace weft::internal {

class Engine::BlockedPump final : public BlockingHook {
 public:
  explicit BlockedPump(Engine& engine) : engine_(engine) {}
  void OnBlock() noexcept override { engine_.loop_.Block(engine_.FrameOfThread()->worker->slot()); }
  void OnUnblock() noexcept override { engine_.loop_.Unblock(); }

 private:
  Engine& engine_;
};

void Engine::Drain(int slot) noexcept {
  ThreadFrame frame(this, nullptr);  // OnSlot says which worker
  BlockedPump hook(*this);
  ScopedBlockingHook scoped(&hook);
  loop_.Drain(slot);
}

void Engine::OnSlot(int slot) noexcept { current_frame_->worker = &loop_.WorkerAt(slot); }

bool Engine::StartPump(int slot) noexcept { return executor_->StartPump(slot); }

absl::Status Engine::Resize(int workers) {
  const Call call(*this);  // the executor stays
  absl::MutexLock only_one(&resize_mu_);
  if (phase_.load() == Phase::kClosed) {
    return absl::FailedPreconditionError("the scheduler was shut down");
  }
  // The executor first, also when it shrinks: only that may fail.
  if (absl::Status resized = executor_->Resize(workers); !resized.ok()) return resized;
  loop_.Resize(workers);
  return absl::OkStatus();
}

bool Engine::TryBeginDraining() {
  absl::MutexLock lock(&drain_mu_);
  return !std::exchange(draining_, true);
}

void Engine::BeginDraining() {
  const BlockingScope blocking;  // this thread may be another scheduler's worker
  absl::MutexLock lock(&drain_mu_);
  drain_mu_.Await(absl::Condition(this, &Engine::NobodyDrains));
  draining_ = true;
}

void Engine::EndDraining() {
  {
    absl::MutexLock lock(&drain_mu_);
    draining_ = false;
  }
  WakeShared(nullptr);  // another thread may drain now
}

bool Engine::SeemsFreeToDrain() {
  absl::MutexLock lock(&drain_mu_);
  return !draining_;
}

absl::Status Engine::RunGraphInTask(Graph& graph) {
  if (drains_in_wait_) {
    if (!loop_.Quiet()) {
      return absl::FailedPreconditionError(
          "without worker threads a node of a graph cannot run a graph on the scheduler that runs "
          "it; nest the graph (AddGraph)");
    }
    ThreadFrame frame(this, &loop_.WorkerAt(0));
    loop_.Run(graph.roots(), graph.done());
    return absl::OkStatus();
  }
  if (!loop_.MayBlock()) return TooManyBlocked();
  loop_.Begin(graph.roots());
  BlockingScope blocking;  // another worker takes our place
  graph.done().Wait();
  return absl::OkStatus();
}

absl::Status Engine::RunGraph(Graph& graph) {
  GraphRun run;
  run.graph = &graph;
  {
    absl::MutexLock lock(&mu_);
    if (phase_.load(std::memory_order_relaxed) != Phase::kOpen && !InsideTask()) {
      return absl::FailedPreconditionError("the scheduler was shut down");
    }
    run.next = graph_runs_;
    if (graph_runs_ != nullptr) graph_runs_->previous = &run;
    graph_runs_ = &run;
    ++calls_;
  }
  absl::Status ran = InsideTask() ? RunGraphInTask(graph) : RunGraphHere(graph);
  absl::MutexLock lock(&mu_);
  (run.previous != nullptr ? run.previous->next : graph_runs_) = run.next;
  if (run.next != nullptr) run.next->previous = run.previous;
  mu_.Await(absl::Condition(&Engine::NotBeingCancelled, &run));
  --calls_;
  return ran;
}

absl::Status Engine::RunGraphHere(Graph& graph) {
  if (drains_in_wait_) BeginDraining();
  {
    BlockingScope blocking;  // this thread may be another scheduler's worker
    ThreadFrame frame(this, nullptr);
    BlockedPump hook(*this);
    ScopedBlockingHook scoped(drains_in_wait_ ? nullptr : &hook);
    loop_.Run(graph.roots(), graph.done());
  }
  if (drains_in_wait_) EndDraining();
  return absl::OkStatus();
}

// Outside the lock, for a cancel calls users' callbacks; the run stays until it is over.
void Engine::CancelGraphs(const absl::Status& why) {
  std::vector<GraphRun*> runs;
  {
    absl::MutexLock lock(&mu_);
    for (GraphRun* run = graph_runs_; run != nullptr; run = run->next) {
      runs.push_back(run);
    }
    for (GraphRun* const run : runs) ++run->cancels;
  }
  for (GraphRun* run : runs) {
    run->graph->Cancel(why);
    absl::MutexLock lock(&mu_);
    --run->cancels;
  }
}

// Pending tasks end here; Ready ones when they are claimed; Running ones see it.
void Engine::CancelOne(EngineTask& task) {
  const Bits before = task.word.fetch_or(TaskWord::kCancel, std::memory_order_acq_rel);
  if (TaskWord::Ended(before)) return;
  if (EnginePool::JoinOf(task).load(std::memory_order_acquire) != 0) {
    Bits seen = 0;
    if (!task.Decide(seen)) return CancelTokenOf(task, cancelled_);
    if ((seen & TaskWord::kBlocked) != 0) Unblock(task);
    Ending ending(WorkerOfThread());
    task.Add(TaskWord::kPin);
    EndCancelled(task, ending);
    return FinishCall(ending);
  }
  CancelTokenOf(task, cancelled_);
}

void Engine::CancelTokenOf(EngineTask& task, const absl::Status& why) {
  TaskExtras* const extras = ExtrasOf(task);
  if (extras == nullptr) return;
  std::optional<CancellationSource> source;
  {
    std::lock_guard lock(extras->lock);
    source = extras->source;
  }
  if (source) source->Cancel(why);
}

void Engine::Cancel(EngineTask& task) {
  if (TaskWord::Ended(task.word.load(std::memory_order_acquire))) return;
  const Call call(*this);
  CancelOne(task);
}

void Engine::CancelGroup(GroupCore& group, absl::Status why) {
  if (why.ok()) why = absl::CancelledError("the group was cancelled");
  const Call call(*this);
  if (!group.BeginCancel(why)) return;
  CancelTasks(group, why);
  group.CancelToken(why);
}

void Engine::CancelTasks(GroupCore& group, const absl::Status& why) {
  tasks_.ForEach([&](EngineTask& task) {
    if (TaskWord::Ended(task.word.load(std::memory_order_seq_cst)) || !task.TryPin()) return;
    const TaskPin held = TaskPin::Adopt(&task);
    const Bits word = task.word.load(std::memory_order_relaxed);
    if (task.scope != &group || TaskWord::Ended(word) || (word & TaskWord::kBareName) != 0) return;
    if (TaskWord::StateIn(word) == TaskState::kPending) {
      CancelOne(task);
    } else {
      CancelTokenOf(task, why);
    }
  });
}

CancellationToken Engine::TokenOf(EngineTask& task) {
  TaskExtras& extras = MakeExtras(task);
  CancellationSource source;
  {
    std::lock_guard lock(extras.lock);
    if (!extras.source) extras.source = source;
    source = *extras.source;
  }
  // After the source is known: whoever cancels looks for it after the request.
  const auto& group = static_cast<const GroupCore&>(*task.scope);
  if (group.StoppedNow()) {
    source.Cancel(group.cancel_reason());
  } else if ((task.word.load(std::memory_order_seq_cst) & TaskWord::kCancel) != 0) {
    source.Cancel(cancelled_);
  }
  return source.token();
}

std::vector<IntrusivePtr<GroupCore>> Engine::Groups() const {
  std::vector<IntrusivePtr<GroupCore>> groups;
  absl::MutexLock lock(&mu_);
  for (GroupCore* group = groups_; group != nullptr; group = group->next) {
    groups.emplace_back(group);
  }
  return groups;
}

void Engine::CancelAll(const absl::Status& why) {
  for (const IntrusivePtr<GroupCore>& group : Groups()) CancelGroup(*group, why);
  CancelGraphs(why);
}

}  // namespace weft::internal
