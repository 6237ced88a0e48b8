// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/internal/engine.h"

#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace weft::internal {

Engine::Engine(std::unique_ptr<TaskExecutor> executor, const Clock& clock, bool record_times)
    : clock_(clock),
      record_times_(record_times),
      width_(executor->width()),
      drains_in_wait_(executor->drains_in_wait()),
      executor_(std::move(executor)),
      loop_(width_, drains_in_wait_ ? ReadyOrder::kStrict : ReadyOrder::kDepthFirst, *pool_,
            *this) {
  executor_->Start(this);
}

Engine::~Engine() = default;

void Engine::DestroyExecutor() {
  executor_.reset();
  // Entries of tasks that a waiting task claimed: each holds its task, the task holds
  // this engine, and nobody pops them any more.
  TaskQueue<IntrusivePtr<TaskNode>> stale;
  absl::MutexLock lock(&mu_);
  std::swap(stale, queue_);  // declared before the lock: destroyed after it
}

TaskNode::TaskNode(IntrusivePtr<Engine> engine) : engine_(std::move(engine)) {}

TaskNode::~TaskNode() {
  if (id().valid()) engine_->Forget(id());
}

CancellationToken TaskNode::Token() { return engine_->TokenOf(*this); }

void Engine::Register(TaskNode& task) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    free_slots_.reserve(slots_.capacity());  // so that Forget never allocates
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  slots_[index].task = &task;
  task.set_id({.index = index, .generation = slots_[index].generation});
}

void Engine::Forget(TaskId id) {
  absl::MutexLock lock(&mu_);
  Slot& slot = slots_[id.index];
  slot.task = nullptr;
  if (++slot.generation == 0) slot.generation = 1;
  free_slots_.push_back(id.index);
}

void Engine::SetState(TaskNode& task, TaskState to) {
  assert(IsAllowedChange(task.state_, to));
  ++changes_;
  if (task.submitted_) {
    --task.group_->counts[static_cast<std::size_t>(task.state_)];
    ++task.group_->counts[static_cast<std::size_t>(to)];
  }
  task.state_ = to;
}

void Engine::SetActive(TaskNode& task, bool active) {
  if (task.active_ == active) return;
  task.active_ = active;
  const int step = active ? 1 : -1;
  active_ += step;
  task.group_->active += step;
  if (task.group_->active == 0) task.group_->last_rest = clock_.Now();
}

void Engine::MakeReady(TaskNode& task) {
  SetState(task, TaskState::kReady);
  task.group_->ready.PushBack(&task);
  queue_.Push(IntrusivePtr<TaskNode>(&task), task.priority_);
  queued_.fetch_add(1, std::memory_order_seq_cst);  // before the look in Wake
}

// Decides the end of a task that has not been claimed. The caller hands `ending`
// to End once it has left the lock.
void Engine::Doom(TaskNode& task, TaskState end, IntrusivePtr<RootCause> cause,
                  EndingList& ending) {
  task.ending_ = true;
  task.decided_state_ = end;
  task.cause_ = std::move(cause);
  SetActive(task, true);  // a Wait waits until it has ended
  ending.PushBack(&task);
}

// `first` no longer waits for a name: neither do those who were blocked through it.
void Engine::Unblock(TaskNode& first) {
  std::vector<TaskNode*> unblocked = {&first};
  while (!unblocked.empty()) {
    TaskNode& task = *unblocked.back();
    unblocked.pop_back();
    task.blocked_ = false;
    SetActive(task, true);
    for (const Dependency& edge : task.successors_) {
      TaskNode& successor = *edge.task;
      if (successor.ending_ || IsTerminal(successor.state_)) continue;
      if (--successor.blocked_dependencies_ == 0) unblocked.push_back(&successor);
    }
  }
}

int Engine::ReleaseSuccessors(TaskNode& task, EndingList& ending) {
  int made_ready = 0;
  for (const Dependency& edge : task.successors_) {
    TaskNode& successor = *edge.task;
    if (successor.ending_ || IsTerminal(successor.state_)) continue;
    --successor.pending_dependencies_;
    if (task.state_ != TaskState::kCompleted && !edge.run_anyway) {
      Doom(successor, TaskState::kSkipped, task.cause_, ending);
      continue;
    }
    if (task.blocked_ && --successor.blocked_dependencies_ == 0) Unblock(successor);
    if (successor.pending_dependencies_ == 0) {
      MakeReady(successor);
      ++made_ready;
    }
  }
  return made_ready;
}

int Engine::End(EndingList& ending) {
  int made_ready = 0;
  while (TaskNode* next = ending.PopFront()) {
    IntrusivePtr<TaskNode> task(next);
    DestroyCallable(*task);
    decltype(task->predecessors_) predecessors;
    Dependencies successors;
    {
      absl::MutexLock lock(&mu_);
      if (task->times_) task->times_->ended = clock_.Now();
      predecessors.swap(task->predecessors_);
      SetState(*task, task->decided_state_);
      made_ready += ReleaseSuccessors(*task, ending);
      successors.swap(task->successors_);
      SetActive(*task, false);
      if (task->submitted_) task->group_->unfinished.Remove(next);
    }
    // The engine's own reference, taken when the task came in. Dropping references
    // may run destructors of users' values: outside the lock.
    if (task->submitted_) task->Unref();
  }
  return made_ready;
}

void Engine::EndAndWake(EndingList& ending) {
  if (ending.empty()) return;
  {
    absl::MutexLock lock(&mu_);
    ++calls_;
  }
  const int made_ready = End(ending);
  WakeAndLeave(made_ready);
}

void Engine::WakeAndLeave(int made_ready) {
  Wake(made_ready);
  absl::MutexLock lock(&mu_);
  --calls_;
}

}  // namespace weft::internal
