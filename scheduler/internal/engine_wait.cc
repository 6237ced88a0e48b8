// SPDX-License-Identifier: Apache-2.0
//
// Waiting. A thread from outside sleeps, or is the worker when the executor has
// none. A thread inside a task runs what it waits for, and nothing unrelated.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/blocking_scope.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_frame.h"

namespace weft::internal {

thread_local Engine::Frame* Engine::current_frame_ = nullptr;

Engine::Frame::Frame(Engine* owner, TaskNode* running, int worker_slot)
    : engine(owner),
      task(running),
      slot(worker_slot),
      outer(std::exchange(current_frame_, this)),
      depth(outer == nullptr ? 1 : outer->depth + 1) {}

Engine::Frame::~Frame() { current_frame_ = outer; }

namespace {

// Bodies that wait on top of each other use the stack of one thread.
constexpr int kMaxDepth = 1000;

absl::Status TooLate() {
  return absl::DeadlineExceededError("the time for waiting is over; the tasks go on");
}

absl::Status TooDeep() {
  return absl::ResourceExhaustedError(
      "tasks wait inside tasks more than " + std::to_string(kMaxDepth) +
      " deep on one worker: return and let a dependent task continue instead");
}

}  // namespace

absl::Status Engine::TooManyBlocked() {
  return absl::ResourceExhaustedError(
      std::to_string(RunLoop<StdPlatform>::kMaxReplacements) +
      " tasks of this scheduler are blocked in waits already, each on a thread of its own; "
      "return and let a dependent task continue instead");
}

Engine::Frame* Engine::FrameOfThread() const {
  Frame* frame = current_frame_;
  while (frame != nullptr && frame->engine != this) frame = frame->outer;
  return frame;
}

bool Engine::InsideTask() const { return FrameOfThread() != nullptr; }

bool Engine::Satisfied(const WaitTarget& target) const {
  if (target.group != nullptr) return target.group->active == 0;
  if (target.task == nullptr) return active_ == 0;
  return IsTerminal(target.task->state_) ||
         (target.task->blocked_ && target.task->group_->active == 0);
}

absl::Status Engine::Outcome(const WaitTarget& target) const {
  if (target.task == nullptr || IsTerminal(target.task->state_)) return absl::OkStatus();
  return UnresolvedError(*target.task);
}

bool Engine::AwaitChange(const WaitTarget& target, absl::Time deadline) {
  struct Look {
    const Engine* engine;
    const WaitTarget* target;
    std::uint64_t seen;
    static bool Again(Look* look) {
      look->engine->mu_.AssertHeld();
      return look->engine->changes_ != look->seen || look->engine->Satisfied(*look->target);
    }
  } look{this, &target, changes_};
  return mu_.AwaitWithDeadline(absl::Condition(&Look::Again, &look), deadline);
}

absl::Status Engine::Wait(WaitTarget target, absl::Time deadline) {
  if (Frame* frame = FrameOfThread()) return WaitInsideTask(*frame, target, deadline, false);
  return drains_in_wait_ ? WaitByDraining(target, deadline) : WaitForThreads(target, deadline);
}

void Engine::WaitSurely(WaitTarget target) {
  if (Frame* frame = FrameOfThread()) {
    WaitInsideTask(*frame, target, absl::InfiniteFuture(), true).IgnoreError();  // cannot fail
  } else {
    Wait(target).IgnoreError();  // without a deadline only a task on names can fail
  }
}

absl::Status Engine::WaitForThreads(const WaitTarget& target, absl::Time deadline) {
  struct Look {
    const Engine* engine;
    const WaitTarget* target;
    static bool Done(Look* look) {
      look->engine->mu_.AssertHeld();
      return look->engine->Satisfied(*look->target);
    }
  } look{this, &target};
  if (HasWork() && loop_.Quiet()) loop_.WakeOne();  // an earlier wake-up found no thread
  BlockingScope blocking;                           // we may be another scheduler's worker
  absl::MutexLock lock(&mu_);
  if (!mu_.AwaitWithDeadline(absl::Condition(&Look::Done, &look), deadline)) return TooLate();
  return Outcome(target);
}

absl::Status Engine::WaitByDraining(const WaitTarget& target, absl::Time deadline) {
  StaleEntries stale;
  absl::MutexLock lock(&mu_);
  while (!Satisfied(target)) {
    if (absl::Now() >= deadline) return TooLate();
    // One thread drains at a time, so that the order stays strict.
    IntrusivePtr<TaskNode> task = draining_ ? IntrusivePtr<TaskNode>() : ClaimNext(stale);
    if (!task) {
      if (!AwaitChange(target, deadline)) return TooLate();
      continue;
    }
    draining_ = true;
    mu_.Unlock();
    stale.clear();
    RunClaimed(std::move(task), /*slot=*/0);
    mu_.Lock();
    draining_ = false;
    ++changes_;  // another thread may drain now
  }
  return Outcome(target);
}

// Blocks this worker. The scope begins and ends outside the lock: its hook may do
// what it likes.
bool Engine::SleepUntilChange(const WaitTarget& target, std::uint64_t seen, absl::Time deadline) {
  BlockingScope blocking;
  absl::MutexLock lock(&mu_);
  return changes_ != seen || AwaitChange(target, deadline);
}

absl::Status Engine::WaitInsideTask(Frame& frame, const WaitTarget& target, absl::Time deadline,
                                    bool surely) {
  absl::MutexLock lock(&mu_);
  if (frame.task == nullptr) return WaitInside(frame, target, deadline, surely);
  const WaitTarget* const outer = std::exchange(frame.task->waiting_for_, &target);
  ++changes_;  // a new "waits for": other waits look whether they can still end
  absl::Status waited = WaitInside(frame, target, deadline, surely);
  frame.task->waiting_for_ = outer;
  return waited;
}

absl::Status Engine::WaitInside(Frame& frame, const WaitTarget& target, absl::Time deadline,
                                bool surely) {
  while (!Satisfied(target)) {
    if (absl::Now() >= deadline) return TooLate();
    if (frame.depth >= kMaxDepth && !surely) return TooDeep();
    absl::StatusOr<IntrusivePtr<TaskNode>> help = FindHelp(target, frame.task);
    if (!help.ok() && !surely) return help.status();
    if (help.ok() && *help) {
      mu_.Unlock();
      const int made_ready = RunClaimed(*std::move(help), frame.slot);
      Wake(made_ready);
      mu_.Lock();
    } else if (target.task != nullptr && target.task->blocked_ && !surely) {
      return UnresolvedError(*target.task);
    } else if (!drains_in_wait_ && !surely && !loop_.MayBlock()) {
      return TooManyBlocked();
    } else {
      const std::uint64_t seen = changes_;
      mu_.Unlock();
      const bool in_time = SleepUntilChange(target, seen, deadline);
      mu_.Lock();
      if (!in_time) return TooLate();
    }
  }
  return Outcome(target);
}

absl::StatusOr<IntrusivePtr<TaskNode>> Engine::FindHelp(const WaitTarget& target, TaskNode* self) {
  const std::uint64_t seen = ++searches_;
  std::vector<TaskNode*> open;
  const auto visit = [&](TaskNode* task, TaskNode* from) {
    if (task->mark_ == seen || task->ending_ || IsTerminal(task->state_)) return;
    task->mark_ = seen;
    task->found_from_ = from;
    open.push_back(task);
  };
  // The ready task of a group that was found on the way, if any.
  const auto visit_target = [&](const WaitTarget& wanted, TaskNode* from) -> TaskNode* {
    mu_.AssertHeld();
    if (wanted.task != nullptr) {
      visit(wanted.task, from);
    } else if (wanted.group != nullptr) {
      if (TaskNode* ready = wanted.group->ready.first()) return ready;
      for (TaskNode* task = wanted.group->unfinished.first(); task != nullptr;
           task = UnfinishedList::Next(task)) {
        if (task->active_) visit(task, from);
      }
    }
    return nullptr;
  };

  TaskNode* found = visit_target(target, nullptr);
  while (found == nullptr && !open.empty()) {
    TaskNode* task = open.back();
    open.pop_back();
    if (task == self) {
      std::string path = NameOf(*self);
      for (TaskNode* step = self->found_from_; step != nullptr; step = step->found_from_) {
        path = NameOf(*step) + " -> " + path;
      }
      return absl::FailedPreconditionError("this wait would never end: " + NameOf(*self) +
                                           " waits for " + path);
    }
    if (task->state_ == TaskState::kReady) {
      found = task;
    } else if (task->state_ == TaskState::kRunning) {
      if (task->waiting_for_ != nullptr) found = visit_target(*task->waiting_for_, task);
    } else {
      for (const IntrusivePtr<TaskNode>& predecessor : task->predecessors_) {
        visit(predecessor.get(), task);
      }
    }
  }
  IntrusivePtr<TaskNode> claimed(found);
  if (claimed) Claim(*claimed);
  return claimed;
}

}  // namespace weft::internal
