// SPDX-License-Identifier: Apache-2.0
//
// Attempts of tasks: how they begin, end, are followed by others, and come too late.

#include "weft/scheduler/internal/engine_attempts.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/scheduler/internal/engine_ending.h"
#include "weft/scheduler/internal/engine_frame.h"
#include "weft/scheduler/internal/engine_gate.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/simulated_workers.h"

namespace weft::internal {
namespace {

TaskPolicy* PolicyIn(const EngineTask& task) {
  TaskRarities* const rarities = RaritiesOf(task);
  return rarities == nullptr ? nullptr : rarities->policy.get();
}

// Whether its kind is to learn how long it took.
bool IsMeasured(const EngineTask& task) {
  const TaskExtras* const extras = ExtrasOf(task);
  return extras != nullptr && extras->kind.remembered();
}

absl::Status AttemptLate(absl::Duration timeout) noexcept {
  return OrOutOfMemory([timeout] {
    return absl::DeadlineExceededError("the attempt took longer than " +
                                       absl::FormatDuration(timeout));
  });
}

}  // namespace

absl::Status Engine::Attempts::LateStatus() noexcept {
  return StatusWithText(absl::StatusCode::kDeadlineExceeded,
                        "the task's deadline passed before its end");
}

absl::StatusOr<std::unique_ptr<TaskPolicy>> Engine::Attempts::MakePolicy(
    const GroupCore& group, const TaskOptions* options) {
  Engine& engine = group.engine();
  if (options != nullptr) {
    if (absl::Status valid = options->Validate(); !valid.ok()) return valid;
  }
  const bool keeps_cost = engine.simulated_ || group.progress() != nullptr;
  const bool special =
      options != nullptr && (options->IsSpecial() || (keeps_cost && options->cost > 0));
  if (!special && !engine.record_times_) return nullptr;
  auto policy = std::make_unique<TaskPolicy>();
  policy->records_times = engine.record_times_;
  policy->timer.fire = &Fire;
  if (!special) return policy;
  policy->cost = options->cost;
  absl::StatusOr<std::unique_ptr<TaskNeeds>> needs = Gate::MakeNeeds(engine, *options);
  if (!needs.ok()) return needs.status();
  policy->needs = *std::move(needs);
  if (options->blocking && engine.blocking_threads_ > 0) {
    if (absl::Status prepared = engine.PrepareBlocking(); !prepared.ok()) return prepared;
    policy->blocking = std::make_unique<PooledTask>();
    policy->blocking->call = &Engine::RunPooled;
  }
  if (!options->IsTimed() && options->memory_bytes == 0) return policy;
  if (absl::Status prepared = engine.timers_.Prepare(); !prepared.ok()) return prepared;
  policy->attempt_timeout = options->attempt_timeout;
  policy->deadline = options->timeout;
  if (options->retry.retries()) {
    policy->retries = std::make_unique<TaskPolicy::Retries>();
    policy->retries->policy = options->retry;
  }
  return policy;
}

absl::Status Engine::Prepare(GroupCore& group, EngineTask& task, const TaskOptions* options) {
  absl::StatusOr<std::unique_ptr<TaskPolicy>> policy = Attempts::MakePolicy(group, options);
  if (!policy.ok()) return policy.status();
  const KindId kind = options == nullptr ? KindId() : costs_.Intern(options->kind);
  if (kind.remembered()) MakeExtras(task).kind = kind;
  if (recorder_) MakeRecord(task);
  if (*policy != nullptr || kind.remembered() || group.special()) {
    task.ops = OpsOf(task).special;
  }
  if (*policy != nullptr) MakeExtras(task).rarities.Make().policy = *std::move(policy);
  return absl::OkStatus();
}

void Engine::Attempts::StartClock(EngineTask& task) noexcept {
  TaskPolicy* const policy = PolicyIn(task);
  if (policy == nullptr) return;
  const absl::Duration now = Of(task).clock_.Now();
  std::lock_guard lock(RaritiesOf(task)->lock);
  policy->timer.task = &task;
  if (policy->needs != nullptr) policy->needs->waiter.task = &task;
  if (policy->blocking != nullptr) policy->blocking->task = &task;
  policy->times.submitted = now;
  policy->deadline += now;
  Rearm(task, *policy);
}

ReadyNode* Engine::StepSpecial(ReadyNode& node, EngineWorker& worker) noexcept {
  auto& task = static_cast<EngineTask&>(node);
  // Before the claim: who resumes it later queues it again.
  if (TaskPolicy* const policy = PolicyIn(task); policy != nullptr && policy->ComesAgain()) {
    std::lock_guard lock(RaritiesOf(task)->lock);
    policy->queued = false;
  }
  return StepEntry(task, worker);
}

Engine::Attempt Engine::BeginAttempt(EngineTask& task, const EngineWorker& worker) noexcept {
  Engine& engine = Of(task);
  TaskPolicy* const policy = PolicyIn(task);
  if (engine.teller_) {
    const int number = policy == nullptr ? 1 : policy->begun + 1;  // ours: nobody else begins
    engine.Tell(TaskEventKind::kStarted, TaskState::kRunning, task, &worker, {}, number);
  }
  const bool measured = IsMeasured(task);
  if (policy == nullptr && !measured) return {};
  const SimulatedWorkers* const simulated = engine.simulated_.get();
  const absl::Duration now = engine.clock_.Now();
  const bool simulates = simulated != nullptr && &simulated->clock() == &engine.clock_;
  const absl::Duration began = simulates ? simulated->begin() : now;
  if (policy == nullptr) return {.began = began};
  TaskRarities& rarities = *RaritiesOf(task);
  // Those of the attempt before go after the lock.
  std::optional<CancellationSource> source;
  absl::Status degraded;
  std::lock_guard lock(rarities.lock);
  if (policy->begun++ == 0) {
    policy->times.started = began;
  } else {
    source.swap(rarities.source);
    std::swap(degraded, rarities.degraded);
  }
  policy->attempt_began = began;
  policy->attempt_deadline = began + policy->attempt_timeout;
  policy->late = now >= std::min(policy->attempt_deadline, policy->deadline);
  if (policy->attempt_deadline < policy->deadline) Attempts::Rearm(task, *policy);
  const int most = policy->retries == nullptr ? 1 : policy->retries->policy.max_attempts;
  return {.number = policy->begun, .may_follow = policy->begun < most, .began = began};
}

bool Engine::EndAttempt(EngineTask& task, EngineWorker& worker, const Attempt& attempt,
                        const EngineWorker::Body& outer, bool drop, absl::Status& status) noexcept {
  Engine& engine = Of(task);
  auto& group = static_cast<GroupCore&>(*task.scope);
  const bool finaliser = (task.word.load(std::memory_order_relaxed) & TaskWord::kFinaliser) != 0;
  const absl::Duration group_deadline = finaliser ? absl::InfiniteDuration() : group.deadline();
  const absl::Duration now = engine.clock_.Now();
  if (status.ok() && IsMeasured(task)) {
    engine.costs_.Observe(ExtrasOf(task)->kind, absl::ToDoubleMicroseconds(now - attempt.began));
  }
  if (now >= group_deadline) status = GroupCore::LateStatus();
  TaskPolicy* const policy = PolicyIn(task);
  if (policy == nullptr) return false;
  StdPlatform::Lock& guard = RaritiesOf(task)->lock;
  {
    std::lock_guard lock(guard);
    if (now >= policy->deadline) {
      status = Attempts::LateStatus();
    } else if (now >= policy->attempt_deadline && now < group_deadline) {
      status = AttemptLate(policy->attempt_timeout);
    }
    policy->attempt_deadline = absl::InfiniteDuration();
  }
  if (status.ok() || policy->retries == nullptr) return false;
  engine.ForgetContinuation(task);
  AttemptRecord record{
      .status = status, .started = policy->attempt_began, .ended = now, .backoff = {}};
  const bool again = Attempts::DecideRetry(task, *policy, now, status, record.backoff);
  // Once it is parked others may end it, and the group with it.
  const TaskPin held(&task);
  const IntrusivePtr<GroupCore> group_held(&group);
  if (again) engine.CountParked(1);  // before others can see that it is
  bool parked = false;
  bool pooled = false;  // another entry of it is on its way to the pool
  Gate::After after(engine);
  {
    std::lock_guard lock(guard);
    Attempts::Keep(*policy->retries, std::move(record));
    if (again) {
      worker.EndBody(outer);
      policy->wakes = now + policy->retries->backoff;
      parked = task.Park();
      if (parked) {
        // Whoever resumes it, or ends it, takes the lock before.
        if (engine.teller_) {
          engine.Tell(TaskEventKind::kParked, TaskState::kParked, task, &worker, {}, policy->begun);
        }
        Attempts::Rearm(task, *policy);
        if (policy->needs != nullptr) Gate::Release(*policy->needs, after);
        pooled = policy->blocking != nullptr && std::exchange(policy->blocking->counted, false);
      } else {  // it was asked to stop
        policy->wakes = absl::InfiniteDuration();
        worker.BeginBody(task);
      }
    }
  }
  if (again && !parked) engine.CountParked(-1);
  if (!parked) return false;
  after.Finish();
  if (pooled) engine.CountPooled(-1);
  // Whoever cancels the group after this sees that it is parked.
  if (!finaliser && group.StoppedNow()) engine.CancelOne(task);
  if (drop) Unpin(task);
  return true;
}

// Calls the user's classifier: not under the lock. Where there is to be no other attempt the
// status says why.
bool Engine::Attempts::DecideRetry(EngineTask& task, const TaskPolicy& policy, absl::Duration now,
                                   absl::Status& status, absl::Duration& backoff) noexcept {
  Engine& engine = Of(task);
  const auto& group = static_cast<const GroupCore&>(*task.scope);
  const TaskPolicy::Retries& retries = *policy.retries;
  const Bits word = task.word.load(std::memory_order_relaxed);
  const bool finaliser = (word & TaskWord::kFinaliser) != 0;
  if (!finaliser && (group.stopped() || (word & TaskWord::kCancel) != 0)) return false;
  const absl::Duration deadline =
      finaliser ? policy.deadline : std::min(policy.deadline, group.deadline());
  if (now >= deadline) return false;
  const RetryProgress progress{
      .attempts = policy.begun, .last_wait = retries.backoff, .total_wait = retries.waited};
  try {
    const RetryDecision decision =
        weft::DecideRetry(retries.policy, status, progress, now, deadline, engine.jitter_.Next());
    backoff = decision.delay;
    if (decision.retry()) return true;
    backoff = absl::ZeroDuration();
    if (progress.attempts > 1 || decision.kind == RetryDecision::Kind::kStopDeadline) {
      status = absl::Status(status.code(), Explain(decision, status, progress));
    }
  } catch (...) {  // of a classifier: as if it had said that there is no use; or no memory
    const absl::Status thrown = StatusOfException(std::current_exception());
    engine.Record(task, Explained("deciding whether to try again: ", thrown));
  }
  return false;
}

void Engine::Attempts::Keep(TaskPolicy::Retries& retries, AttemptRecord record) noexcept {
  constexpr std::size_t kMost = TaskPolicy::Retries::kMostKept;
  retries.backoff = record.backoff;
  retries.waited += record.backoff;
  if (retries.attempts.size() == kMost) {  // the first half stays, of the others the last ones
    retries.attempts.erase(retries.attempts.begin() + kMost / 2);
  }
  try {
    retries.attempts.push_back(std::move(record));
  } catch (const std::bad_alloc&) {
    // The number of attempts stays exact; there is no memory for one more text.
  }
}

void Engine::Attempts::Rearm(EngineTask& task, TaskPolicy& policy) noexcept {
  Engine& engine = Of(task);
  absl::Duration next = policy.wakes;
  if (!policy.overdue) next = std::min(next, policy.deadline);
  if (!policy.late) next = std::min(next, policy.attempt_deadline);
  if (!policy.armed && next == absl::InfiniteDuration()) return;
  if (!std::exchange(policy.armed, true) || !engine.timers_.Disarm(policy.timer)) {
    task.Add(TaskWord::kPin);
  }
  if (next != absl::InfiniteDuration()) return engine.timers_.Arm(policy.timer, next);
  task.Drop(TaskWord::kPin);  // never the last: the caller has one
}

bool Engine::Attempts::Close(Engine& engine, TaskPolicy& policy) noexcept {
  if (policy.records_times) policy.times.ended = engine.clock_.Now();
  policy.closed = true;
  return policy.armed && engine.timers_.Disarm(policy.timer);
}

void Engine::Attempts::Fire(Timer& timer) noexcept {
  TaskPin held = TaskPin::Adopt(static_cast<TaskTimer&>(timer).task);
  EngineTask& task = *held;
  Engine& engine = Of(task);
  TaskRarities& rarities = *RaritiesOf(task);
  TaskPolicy& policy = *rarities.policy;
  const absl::Duration now = engine.clock_.Now();
  bool task_late = false;
  bool resumed = false;
  bool queued = false;
  absl::Status attempt_late;
  std::optional<CancellationSource> source;  // of the attempt that runs
  {
    std::lock_guard lock(rarities.lock);
    if (policy.closed) return;
    task_late = now >= policy.deadline && !policy.overdue;
    if (task_late) policy.overdue = true;
    if (now >= policy.attempt_deadline && !policy.late) {
      attempt_late = AttemptLate(policy.attempt_timeout);
    }
    if (task_late || !attempt_late.ok()) {
      policy.late = true;
      source = rarities.source;
    }
    if (now >= policy.wakes) {
      policy.wakes = absl::InfiniteDuration();
      if (engine.teller_ && !task_late) {
        engine.Tell(TaskEventKind::kReady, TaskState::kReady, task, engine.WorkerOfThread());
      }
      resumed = !task_late && task.Resume();
      if (resumed) queued = std::exchange(policy.queued, true);
    }
    Rearm(task, policy);
  }
  if (task_late) return EndLate(task, std::move(source));
  if (!attempt_late.ok() && source) source->Cancel(attempt_late);
  if (!resumed) return;
  engine.CountParked(-1);
  if (queued) return engine.WakeShared(nullptr);  // the entry that is there has its own pin
  // relaxed: whoever raises it after Resume finds it ready.
  const Lane lane = LaneIn(task.word.load(std::memory_order_relaxed));
  engine.loop_.AddShared(*held.Release(), lane);
  engine.WakeShared(nullptr);
}

bool Engine::Attempts::KeepEntry(EngineTask& task) noexcept {
  TaskPolicy* const policy = PolicyIn(task);
  if (policy == nullptr || !policy->ComesAgain()) return false;
  std::lock_guard lock(RaritiesOf(task)->lock);
  const Bits word = task.word.load(std::memory_order_relaxed);
  const bool waits = policy->needs != nullptr && policy->needs->state == TaskNeeds::State::kWaits;
  policy->queued =
      TaskWord::StateIn(word) == TaskState::kPending && (word & TaskWord::kEnding) == 0 && !waits;
  return policy->queued;
}

// Whoever runs it ends it, and has been told.
void Engine::Attempts::EndLate(EngineTask& task,
                               std::optional<CancellationSource> source) noexcept {
  Engine& engine = Of(task);
  Bits seen = 0;
  if (!task.Decide(seen)) {
    if (source) source->Cancel(LateStatus());
    return;
  }
  if ((seen & TaskWord::kBlocked) != 0) engine.Unblock(task);
  Ending ending(engine.WorkerOfThread());
  engine.EndUnrunFailed(task, LateStatus(), ending);
  engine.FinishCall(ending);
}

bool Engine::IsLate(const EngineTask& task) noexcept {
  const TaskPolicy* const policy = PolicyIn(task);
  if (policy == nullptr) return false;
  std::lock_guard lock(RaritiesOf(task)->lock);
  return policy->late;
}

absl::Duration Engine::TimeLeft(const EngineTask& task) noexcept {
  const Engine& engine = Of(task);
  absl::Duration deadline = static_cast<const GroupCore&>(*task.scope).deadline();
  if ((task.word.load(std::memory_order_relaxed) & TaskWord::kFinaliser) != 0) {
    deadline = absl::InfiniteDuration();
  }
  if (const TaskPolicy* const policy = PolicyIn(task)) {
    std::lock_guard lock(RaritiesOf(task)->lock);
    deadline = std::min({deadline, policy->deadline, policy->attempt_deadline});
  }
  return std::max(deadline - engine.clock_.Now(), absl::ZeroDuration());
}

// An attempt that follows is learned from as little.
void Engine::ForgetCost(EngineTask& task) noexcept {
  if (TaskExtras* const extras = ExtrasOf(task)) extras->kind = KindId();
}

void Engine::Degrade(EngineTask& task, absl::Status cause) {
  TaskRarities& rarities = Of(task).MakeExtras(task).rarities.Make();
  std::lock_guard lock(rarities.lock);
  std::swap(rarities.degraded, cause);  // the last one goes after the lock
}

}  // namespace weft::internal
