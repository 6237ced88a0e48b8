// SPDX-License-Identifier: Apache-2.0
//
// How tasks run, and how they are asked to stop.

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "weft/core/blocking_scope.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {
namespace {

IntrusivePtr<RootCause> MakeCause(TaskId id, std::string name, TaskState state,
                                  absl::Status status) {
  auto cause = MakeCounted<RootCause>();
  cause->id = id;
  cause->name = std::move(name);
  cause->state = state;
  cause->status = std::move(status);
  return cause;
}

}  // namespace

void Engine::Claim(TaskNode& task) {
  task.group_->ready.Remove(&task);
  if (task.cancel_requested()) {
    task.ending_ = true;
    task.decided_state_ = TaskState::kCancelled;
    task.cause_ = MakeCause(task.id(), task.name_, TaskState::kCancelled, task.cancel_reason_);
    return;
  }
  SetState(task, TaskState::kRunning);
  ++task.attempts_;
  if (task.times_) task.times_->started = clock_.Now();
}

IntrusivePtr<TaskNode> Engine::ClaimNext(StaleEntries& stale) {
  while (std::optional<IntrusivePtr<TaskNode>> next = queue_.Pop()) {
    queued_.fetch_sub(1, std::memory_order_seq_cst);
    TaskNode& task = **next;
    if (task.state_ == TaskState::kReady && !task.ending_) {
      Claim(task);
      return *std::move(next);
    }
    stale.push_back(*std::move(next));
  }
  return {};
}

class Engine::BlockedPump final : public BlockingHook {
 public:
  explicit BlockedPump(Engine& engine) : engine_(engine) {}
  void OnBlock() noexcept override { engine_.loop_.Block(engine_.FrameOfThread()->slot); }
  void OnUnblock() noexcept override { engine_.loop_.Unblock(); }

 private:
  Engine& engine_;
};

void Engine::Drain(int slot) noexcept {
  Frame frame(this, nullptr, slot);  // a graph's bodies may wait, too
  BlockedPump hook(*this);
  ScopedBlockingHook scoped(&hook);
  loop_.Drain(slot);
}

bool Engine::RunOne(int slot) noexcept {
  if (queued_.load(std::memory_order_relaxed) == 0) return false;
  StaleEntries stale;
  IntrusivePtr<TaskNode> task;
  {
    absl::MutexLock lock(&mu_);
    task = ClaimNext(stale);
  }
  if (!task) return false;
  const int made_ready = RunClaimed(std::move(task), slot);
  if (made_ready > 1) Wake(made_ready - 1);  // the next round takes one
  return true;
}

bool Engine::HasWork() const noexcept { return queued_.load(std::memory_order_seq_cst) > 0; }

void Engine::OnSlot(int slot) noexcept { current_frame_->slot = slot; }

bool Engine::StartPump(int slot) noexcept { return executor_->StartPump(slot); }

void Engine::Wake(int made_ready) {
  if (drains_in_wait_) return;
  for (; made_ready > 0 && loop_.HasRoom(); --made_ready) loop_.WakeOne();
}

absl::Status Engine::RunGraphInTask(Graph& graph) {
  if (drains_in_wait_) {
    if (!loop_.Quiet()) {
      return absl::FailedPreconditionError(
          "without worker threads a node of a graph cannot run a graph on the scheduler that runs "
          "it; nest the graph (AddGraph)");
    }
    Frame frame(this, nullptr, /*worker_slot=*/0);
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
    if (phase_ != Phase::kOpen && !InsideTask()) {
      return absl::FailedPreconditionError("the scheduler was shut down");
    }
    graph_runs_.PushBack(&run);
    ++calls_;
  }
  absl::Status ran = InsideTask() ? RunGraphInTask(graph) : RunGraphHere(graph);
  absl::MutexLock lock(&mu_);
  graph_runs_.Remove(&run);
  mu_.Await(absl::Condition(&Engine::NotBeingCancelled, &run));
  --calls_;
  return ran;
}

absl::Status Engine::RunGraphHere(Graph& graph) {
  if (drains_in_wait_) {  // one thread drains at a time, so that the order stays strict
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Engine::NobodyDrains));
    draining_ = true;
  }
  {
    BlockingScope blocking;  // this thread may be another scheduler's worker
    Frame frame(this, nullptr, /*worker_slot=*/0);
    BlockedPump hook(*this);
    ScopedBlockingHook scoped(drains_in_wait_ ? nullptr : &hook);
    loop_.Run(graph.roots(), graph.done());
  }
  if (drains_in_wait_) {
    absl::MutexLock lock(&mu_);
    draining_ = false;
    ++changes_;
  }
  return absl::OkStatus();
}

// Outside the lock, for a cancel calls users' callbacks; the run stays until it is over.
void Engine::CancelGraphs(const absl::Status& why) {
  std::vector<GraphRun*> runs;
  {
    absl::MutexLock lock(&mu_);
    for (GraphRun* run = graph_runs_.first(); run != nullptr; run = graph_runs_.Next(run)) {
      ++run->cancels;
      runs.push_back(run);
    }
  }
  for (GraphRun* run : runs) {
    run->graph->Cancel(why);
    absl::MutexLock lock(&mu_);
    --run->cancels;
  }
}

int Engine::RunClaimed(IntrusivePtr<TaskNode> task, int slot) {
  // Also around the end: users' destructors may wait, as bodies may.
  Frame frame(this, task.get(), slot);
  if (!task->ending_) RunBody(*task, slot);
  EndingList ending;
  ending.PushBack(task.get());
  return End(ending);
}

void Engine::RunBody(TaskNode& task, int slot) {
  absl::Status status;
  TaskContext context(task, slot, task.attempts_);
  try {
    status = task.Invoke(context);
  } catch (...) {
    task.exception_ = std::current_exception();
    status = StatusOfException(task.exception_);
    task.StoreError(status);
  }
  if (status.ok()) {
    task.decided_state_ = TaskState::kCompleted;
    return;
  }
  const bool gave_in = absl::IsCancelled(status) && task.cancel_requested();
  task.decided_state_ = gave_in ? TaskState::kCancelled : TaskState::kFailed;
  if (!gave_in) {
    task.group_->failures.Record({.id = task.id(), .name = task.name_, .status = status});
  }
  task.cause_ = MakeCause(task.id(), task.name_, task.decided_state_, std::move(status));
}

void Engine::DestroyCallable(TaskNode& task) {
  absl::Status thrown;
  try {
    task.DestroyCallable();
    return;
  } catch (...) {
    thrown = StatusOfException(std::current_exception());
  }
  thrown = absl::Status(thrown.code(),
                        "destroying the task's callable: " + std::string(thrown.message()));
  if (task.group_) {
    task.group_->failures.Record({.id = task.id(), .name = task.name_, .status = thrown});
  }
  if (task.decided_state_ != TaskState::kCompleted) return;
  task.decided_state_ = TaskState::kFailed;
  task.StoreError(thrown);
  task.cause_ = MakeCause(task.id(), task.name_, TaskState::kFailed, std::move(thrown));
}

CancellationToken Engine::TokenOf(TaskNode& task) {
  CancellationSource source;
  absl::Status reason;
  {
    absl::MutexLock lock(&mu_);
    if (task.source_ == nullptr) task.source_ = std::make_unique<CancellationSource>(source);
    source = *task.source_;
    if (task.cancel_requested()) reason = task.cancel_reason_;
  }
  if (!reason.ok()) source.Cancel(std::move(reason));
  return source.token();
}

// Pending tasks end here; Ready ones when they are claimed; Running ones see it.
void Engine::RequestCancel(TaskNode& task, const absl::Status& why, EndingList& ending,
                           std::vector<CancellationSource>& sources) {
  if (IsTerminal(task.state_) || task.ending_ || task.cancel_requested()) return;
  task.cancel_reason_ = why;
  task.set_cancel_requested();
  if (task.source_ != nullptr) sources.push_back(*task.source_);
  if (task.state_ == TaskState::kPending) {
    Doom(task, TaskState::kCancelled, MakeCause(task.id(), task.name_, TaskState::kCancelled, why),
         ending);
  }
}

void Engine::Cancel(TaskNode& task, absl::Status why) {
  if (why.ok()) why = absl::CancelledError("cancelled");
  EndingList ending;
  std::vector<CancellationSource> sources;
  {
    absl::MutexLock lock(&mu_);
    RequestCancel(task, why, ending, sources);
  }
  EndAndWake(ending);
  for (CancellationSource& source : sources) source.Cancel(why);
}

void Engine::CancelGroup(GroupCore& group, absl::Status why) {
  if (why.ok()) why = absl::CancelledError("the group was cancelled");
  EndingList ending;
  std::vector<CancellationSource> sources = {group.source};
  {
    absl::MutexLock lock(&mu_);
    if (!group.cancel_reason.ok()) return;
    group.cancel_reason = why;
    for (TaskNode* task = group.unfinished.first(); task != nullptr;
         task = UnfinishedList::Next(task)) {
      RequestCancel(*task, why, ending, sources);
    }
  }
  EndAndWake(ending);
  for (CancellationSource& source : sources) source.Cancel(why);
}

std::vector<IntrusivePtr<GroupCore>> Engine::Groups() const {
  std::vector<IntrusivePtr<GroupCore>> groups;
  absl::MutexLock lock(&mu_);
  for (GroupCore* group = groups_.first(); group != nullptr; group = groups_.Next(group)) {
    groups.emplace_back(group);
  }
  return groups;
}

void Engine::CancelAll(const absl::Status& why) {
  for (const IntrusivePtr<GroupCore>& group : Groups()) CancelGroup(*group, why);
  CancelGraphs(why);
}

}  // namespace weft::internal
