// SPDX-License-Identifier: Apache-2.0
//
// Waiting. A thread from outside sleeps, or is the worker when the executor has
// none. A thread inside a task runs what it waits for, and nothing unrelated.

#include <algorithm>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "weft/core/blocking_scope.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/engine_pooled.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/simulated_workers.h"

namespace weft::internal {
namespace {

// Bodies that wait on top of each other use the stack of one thread.
constexpr int kMaxDepth = 1000;
// Fewer do not look at how much of it is left.
constexpr int kLooksFrom = 8;

absl::Status TooLate() {
  return absl::DeadlineExceededError("the time for waiting is over; the tasks go on");
}

bool Past(absl::Time deadline) {
  return deadline != absl::InfiniteFuture() && absl::Now() >= deadline;
}

// False: not let go by then.
bool ParkUntil(StdPlatform::Parker& parker, absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) {
    parker.Park();
    return true;
  }
  constexpr auto kLongest = absl::Hours(24 * 365);
  return parker.ParkUntil(StdPlatform::Now() +
                          absl::ToChronoNanoseconds(std::min(deadline - absl::Now(), kLongest)));
}

bool Satisfied(const WaitTarget& target) {
  if (target.room > 0) return target.group->pending.HasRoom(target.room);
  if (target.group != nullptr) return target.group->AtRest();
  return TaskWord::Ended(target.task->word.load(std::memory_order_acquire));
}

}  // namespace

absl::Status TooManyBlocked() {
  return absl::ResourceExhaustedError(
      std::to_string(RunLoop<StdPlatform>::kMaxReplacements) +
      " tasks of this scheduler are blocked in waits already, each on a thread of its own; "
      "return and let a dependent task continue instead");
}

absl::Status NoThread() noexcept {
  return StatusWithText(
      absl::StatusCode::kResourceExhausted,
      "every task that runs is blocked in a wait, and there is no memory or no thread for another "
      "worker; return and let a dependent task continue instead");
}

bool Engine::IsPart(const EngineTask& task, const WaitTarget& target) {
  if (target.task != nullptr) return &task == target.task;
  return task.scope == static_cast<const Scope<StdPlatform>*>(target.group) &&
         !TaskWord::Ended(task.word.load(std::memory_order_acquire));
}

absl::Status Engine::Wait(const WaitTarget& target, absl::Time deadline) {
  if (Forked()) [[unlikely]]
    return target.task != nullptr && Satisfied(target) ? absl::OkStatus() : ForkedError();
  if (Satisfied(target)) return absl::OkStatus();
  return OrOutOfMemory([&] {
    if (ThreadFrame* const thread = FrameOfThread()) {
      return WaitInside(*thread, target, deadline, /*surely=*/false);
    }
    return drains_in_wait_ ? WaitByDraining(target, deadline) : WaitOutside(target, deadline);
  });
}

void Engine::WaitSurely(const WaitTarget& target) {
  if (ThreadFrame* const thread = FrameOfThread()) {
    WaitInside(*thread, target, absl::InfiniteFuture(), /*surely=*/true).IgnoreError();
  } else {
    Wait(target).IgnoreError();  // without a deadline only a task on names can fail
  }
}

bool Engine::Park(StdPlatform::Parker& parker, absl::Time deadline) {
  while (failed_starts_.AnyUnanswered()) {
    const absl::Time next = absl::Now() + absl::FromChrono(kStartAgainAfter);
    if (ParkUntil(parker, std::min(deadline, next))) return true;
    if (Past(deadline)) return false;
    TryStartAgain();
  }
  return ParkUntil(parker, deadline);
}

// Where there are no worker threads: until a timer is due, and fires it. True also when it was let
// go before that.
bool Engine::ParkForTimers(StdPlatform::Parker& parker, absl::Time deadline) {
  const absl::Duration at = timers_.SleepsUntil();
  const BlockingScope blocking;
  const bool moves = at != absl::InfiniteDuration() && !timers_.told();
  const absl::Time wakes = moves ? absl::Now() + (at - clock_.Now()) : absl::InfiniteFuture();
  if (!ParkUntil(parker, std::min(deadline, wakes)) && Past(deadline)) return false;
  timers_.FireDue();
  return true;
}

bool Engine::SomebodyWorks(StdPlatform::Parker& parker) {
  for (int attempts = 0; failed_starts_.AnyUnanswered(); ++attempts) {
    if (!loop_.NobodyActive()) return true;
    if (attempts == kStartAttempts) return false;
    if (parker.ParkUntil(StdPlatform::Now() + kStartAgainAfter)) {
      parker.Unpark();  // for who looks next
      return true;
    }
    TryStartAgain();
  }
  return true;
}

bool Engine::Arm(Waiter& waiter, bool& unresolved) {
  if (waiter.target.room > 0) return ArmForRoom(waiter, unresolved);
  if (waiter.target.group != nullptr) return waiter.target.group->count().Await();
  EngineTask& task = *waiter.target.task;
  const Bits word = task.word.fetch_or(TaskWord::kAwaited, std::memory_order_acq_rel);
  if (TaskWord::Ended(word)) return true;
  if ((word & TaskWord::kBlocked) == 0) return false;
  absl::MutexLock lock(&blocked_mu_);
  if ((task.word.load(std::memory_order_relaxed) & TaskWord::kBlocked) == 0) return false;
  // While it is blocked it cannot end: its group lives.
  auto& group = static_cast<GroupCore&>(*task.scope);
  waits_.WithAll([&](const Waiter*) { waiter.group = &group; });
  unresolved = group.count().Await();
  return false;
}

void Engine::StopWaiting(Waiter& waiter) {
  waits_.Remove(waiter);
  GroupCore* const group = waiter.target.group;
  if (group == nullptr) return;
  // Under the lock: who comes later arms later.
  waits_.WithAll([group](const Waiter* first) {
    for (const Waiter* other = first; other != nullptr; other = other->next) {
      if (other->target.group == group || other->group == group) return;
    }
    group->count().StopAwaiting();
    group->pending.StopAwaiting();
  });
}

absl::Status Engine::WaitOutside(const WaitTarget& target, absl::Time deadline) {
  Waiter waiter;
  waiter.target = target;
  waits_.Add(waiter);
  const absl::Cleanup stop = [&] { StopWaiting(waiter); };
  BlockingScope blocking;  // we may be another scheduler's worker
  {
    absl::MutexLock lock(&mu_);
    ++calls_;
  }
  loop_.WakeIfIdle();  // an earlier wake-up may have found no thread
  {
    absl::MutexLock lock(&mu_);
    --calls_;
  }
  for (;;) {
    bool unresolved = false;
    if (Arm(waiter, unresolved)) return absl::OkStatus();
    if (unresolved)
      return target.task == nullptr ? NeverRoom(*target.group) : UnresolvedError(*target.task);
    if (!Park(waiter.parker, deadline)) return TooLate();
  }
}

absl::Status Engine::WaitByDraining(const WaitTarget& target, absl::Time deadline) {
  const auto drain = [&] {
    ThreadFrame thread(this, &loop_.WorkerAt(0));
    while (!Satisfied(target) && !Past(deadline) && DrainOne(thread)) {
    }
  };
  Waiter waiter;
  waiter.target = target;
  waiter.drains = true;
  waits_.Add(waiter);
  const absl::Cleanup stop = [&] { StopWaiting(waiter); };
  for (;;) {
    if (Satisfied(target)) return absl::OkStatus();
    if (Past(deadline)) return TooLate();
    if (drain_turn_.TryBegin()) {
      drain();
      EndDraining();
    }
    bool unresolved = false;
    if (Arm(waiter, unresolved)) return absl::OkStatus();
    if (unresolved)
      return target.task == nullptr ? NeverRoom(*target.group) : UnresolvedError(*target.task);
    if (SeemsToHaveReady() && drain_turn_.SeemsFree()) continue;
    if (!ParkForTimers(waiter.parker, deadline)) return TooLate();
  }
}

absl::Status Engine::ThreadFrame::CheckDepth() {
  const bool low = depth >= kLooksFrom && stack.IsLow();
  if (depth < kMaxDepth && !low) return absl::OkStatus();
  const std::string how_deep =
      low ? std::to_string(depth) + " deep on one worker, whose stack is nearly full"
          : "more than " + std::to_string(kMaxDepth) + " deep on one worker";
  return absl::ResourceExhaustedError("tasks wait inside tasks " + how_deep +
                                      ": return and let a dependent task continue instead");
}

absl::Status Engine::WaitInside(ThreadFrame& thread, const WaitTarget& target, absl::Time deadline,
                                bool surely) {
  WaitFrame frame = FrameOfBody(thread, target);
  thread.waits = &frame;
  ++thread.depth;
  const absl::Cleanup leave = [&] {
    thread.waits = frame.outer;
    --thread.depth;
  };
  const Gate::Blocked blocked(*this, frame.self);
  for (;;) {
    if (Satisfied(target)) return absl::OkStatus();
    if (Past(deadline)) return TooLate();
    if (thread.depth >= kLooksFrom && !surely) {
      if (absl::Status room = thread.CheckDepth(); !room.ok()) return room;
    }
    const Helped helped = HelpOnce(thread, target);
    if (helped == Helped::kRan) {
      TurnBack(*thread.worker);
      continue;
    }
    if (helped == Helped::kNoMemory && !surely) return OutOfMemory();
    thread.worker->HandInEnds();
    if (Satisfied(target)) return absl::OkStatus();
    if (absl::Status slept = Sleep(thread, frame, deadline, surely); !slept.ok()) return slept;
  }
}

// Blocks this worker until there may be news.
absl::Status Engine::Sleep(ThreadFrame& thread, WaitFrame& frame, absl::Time deadline,
                           bool surely) {
  ListBodies(&frame);
  if (frame.self != nullptr && frame.target.task != nullptr) {
    Raise(*frame.target.task, LaneIn(frame.self->word.load(std::memory_order_relaxed)));
  }
  Waiter waiter;
  waiter.target = frame.target;
  waiter.frame = &frame;
  waits_.Add(waiter);
  const absl::Cleanup stop = [&] { StopWaiting(waiter); };
  bool unresolved = false;
  if (Arm(waiter, unresolved)) return absl::OkStatus();
  if (!surely) {
    // Registered before the look: of two who wait for each other, one sees the other.
    if (absl::Status path = CheckWait(frame); !path.ok()) return path;
    if (frame.target.task != nullptr &&
        (frame.target.task->word.load(std::memory_order_acquire) & TaskWord::kBlocked) != 0) {
      return UnresolvedError(*frame.target.task);
    }
    if (drains_in_wait_ && timers_.first_at() == absl::InfiniteDuration()) {
      return absl::FailedPreconditionError(
          "nothing that this wait needs can run: there are no worker threads");
    }
    if (!drains_in_wait_ && !loop_.MayBlock()) return TooManyBlocked();
  }
  if (drains_in_wait_) {
    if (simulated_ != nullptr && simulated_->PassTime()) return absl::OkStatus();
    waiter.drains = true;
    return ParkForTimers(waiter.parker, deadline) ? absl::OkStatus() : TooLate();
  }
  const PooledWait pooled(*this, thread);
  if (!surely && !pooled.status().ok()) return pooled.status();
  BlockingScope blocking;
  if (!surely && !SomebodyWorks(waiter.parker)) return NoThread();
  return Park(waiter.parker, deadline) ? absl::OkStatus() : TooLate();
}

WaitFrame Engine::FrameOfBody(const ThreadFrame& thread, const WaitTarget& target) {
  WaitFrame frame{.self = thread.worker->current(), .target = target, .outer = thread.waits};
  const auto* const graph = static_cast<const Graph*>(thread.worker->graph());
  if (frame.self == nullptr && graph != nullptr) frame.graph = &graph->Outermost();
  return frame;
}

Engine::Helped Engine::HelpOnce(ThreadFrame& thread, const WaitTarget& target) {
  EngineWorker& worker = *thread.worker;
  if (ReadyNode* const own = worker.PopOwn()) {
    RunFromQueue(*own, worker);
    return Helped::kRan;
  }
  if (target.task != nullptr && RunIfReady(*target.task, worker)) return Helped::kRan;
  return drains_in_wait_ ? RunHelp(target, worker) : Helped::kNothing;
}

bool Engine::RunIfReady(EngineTask& task, EngineWorker& worker) {
  // acquire: what its dependencies did is visible.
  if (EnginePool::JoinOf(task).load(std::memory_order_acquire) != 0) return false;
  const EngineTask::Claimed claimed = ClaimForWaiter(task);
  if (claimed == EngineTask::Claimed::kNot) return false;
  stale_.fetch_add(1, std::memory_order_relaxed);  // its entry stays in a queue
  if (drains_in_wait_) DropStale();
  RunClaimed(task, worker, claimed);
  return true;
}

EngineTask::Claimed Engine::ClaimForWaiter(EngineTask& task) {
  if (BelongsToPool(task)) return EngineTask::Claimed::kNot;
  Gate::After after(*this);
  const Gate::Passed passed = Gate::ClaimAny(task, /*may_wait=*/false, after);
  if (passed != Gate::Passed::kRun && passed != Gate::Passed::kEnd) {
    return EngineTask::Claimed::kNot;
  }
  LeavePool(task);
  return passed == Gate::Passed::kRun ? EngineTask::Claimed::kRun : EngineTask::Claimed::kEnd;
}

void Engine::RunClaimed(EngineTask& task, EngineWorker& worker, EngineTask::Claimed claimed) {
  worker.TurnTo(*task.scope);
  const std::int64_t mark = worker.Mark();
  if (claimed == EngineTask::Claimed::kRun && !MayStart(task)) {
    claimed = EngineTask::Claimed::kEnd;
  }
  if (claimed == EngineTask::Claimed::kRun) {
    if (simulated_ != nullptr) simulated_->SpendOnTask(task);
    ReadyNode* const next = OpsOf(task).run(task, worker, /*drop=*/false);
    if (next != nullptr) worker.GiveAway(*next);
  } else {
    task.Add(TaskWord::kPin);
    EndUnrun(task, worker, claimed);
  }
  worker.GiveAway(mark);
}

// Nothing that it makes ready runs on this stack.
void Engine::RunFromQueue(ReadyNode& node, EngineWorker& worker) {
  if (simulated_ != nullptr) simulated_->Spend(node);
  const std::int64_t mark = worker.Mark();
  if (ReadyNode* const next = node.ops->step(node, worker)) worker.GiveAway(*next);
  worker.GiveAway(mark);
}

}  // namespace weft::internal
