// SPDX-License-Identifier: Apache-2.0
//
// The scheduler's inside: tasks come in, become ready, run, end, are waited for and
// cancelled. The run loop gives them workers; no lock is held by all of it.

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_H_

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/core/internal/fork_count.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_id.h"
#include "weft/core/task_options.h"
#include "weft/core/task_result.h"
#include "weft/scheduler/internal/bounds.h"
#include "weft/scheduler/internal/drain_turn.h"
#include "weft/scheduler/internal/edge_list.h"
#include "weft/scheduler/internal/event_teller.h"
#include "weft/scheduler/internal/exception_status.h"
#include "weft/scheduler/internal/failed_starts.h"
#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/group_core.h"
#include "weft/scheduler/internal/hand_overs.h"
#include "weft/scheduler/internal/item_store.h"
#include "weft/scheduler/internal/jitter_source.h"
#include "weft/scheduler/internal/run_loop.h"
#include "weft/scheduler/internal/run_record.h"
#include "weft/scheduler/internal/simulation_host.h"
#include "weft/scheduler/internal/stall_watch.h"
#include "weft/scheduler/internal/task_extras.h"
#include "weft/scheduler/internal/task_ptr.h"
#include "weft/scheduler/internal/timers.h"
#include "weft/scheduler/internal/wait_list.h"
#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/stuck_report.h"
#include "weft/scheduler/task_executor.h"

namespace weft {
class ThreadPool;
}

namespace weft::internal {

class SimulatedWorkers;

// Lives until its TaskScheduler and the last handle to one of its tasks have gone; its
// executor goes with the TaskScheduler.
//
// Thread safety: every public method from any thread.
class Engine final : public WorkSource,
                     private RunLoopHost,
                     private TimersHost,
                     private SimulationHost {
 public:
  struct Options {
    bool record_times = false;
    bool steals = true;
    std::uint64_t seed = 0;  // of what is left to chance
    TaskObserver* observer = nullptr;
    bool record_runs = false;
    bool watched = false;        // StartWatch follows
    CostModel* costs = nullptr;  // never null; outlives what runs
    int critical_path_priority = 0;
    int max_in_flight = std::numeric_limits<int>::max();  // running and parked
    int blocking_threads = 1;
  };
  // Throws std::bad_alloc.
  Engine(std::unique_ptr<TaskExecutor> executor, std::unique_ptr<Bounds> bounds, const Clock& clock,
         const Options& options);

  static Engine& Of(const EngineTask& task) {
    return *static_cast<Engine*>(EnginePool::OwnerOf(task));
  }

  int worker_count() const { return loop_.width(); }
  int slot_count() const {
    const int pooled = blocking_threads_ == 0 ? 0 : blocking_threads_ + kMaxPooledWaits;
    return RunLoop<StdPlatform>::SlotCount(max_width_) + pooled;
  }
  // Errors: those of TaskExecutor::Resize; FailedPrecondition after a shutdown.
  absl::Status Resize(int workers);
  const Clock& clock() const { return clock_; }
  // A time of the clock, which is not looked at where there is no need.
  absl::Duration DeadlineIn(absl::Duration timeout) const {
    const bool never = timeout == absl::InfiniteDuration() || Forked();
    return never ? absl::InfiniteDuration() : clock_.Now() + timeout;
  }
  std::int64_t failed_hooks() const { return executor_->failed_hooks(); }
  std::int64_t late_pumps() const { return executor_->late_pumps(); }
  std::int64_t failed_events() const;
  const Bounds& bounds() const { return *bounds_; }
  // For runs of graphs.
  RunHost run_host() {
    return {.teller = teller_ ? &*teller_ : nullptr,
            .recorder = recorder_.get(),
            .costs = &costs_,
            .simulated = simulated_.get(),
            .critical_path_priority = critical_path_priority_};
  }
  bool drains_in_wait() const { return drains_in_wait_; }
  // The TaskScheduler goes: after Shutdown, when its groups have gone. Tasks whose
  // handles live on keep the engine.
  void Close();

  // Whether this process has been forked from the one that the engine was made in: its
  // threads are not here, and its locks may be held by one of them for ever. Then no call
  // may take one.
  bool Forked() const { return ForkCount() != forks_; }
  static absl::Status ForkedError();

  // Groups. Throws std::bad_alloc.
  IntrusivePtr<GroupCore> AddGroup(const GroupCore::Limits& limits = {});
  // Seals the group, cancels what is left, waits for it and forgets its names.
  void EndGroup(GroupCore& group);
  void Seal(GroupCore& group);
  RunSummary Summarise(GroupCore& group, absl::Status wait_status);

  // A task to be: the caller sets its ops and payload, and hands it to Submit, or gives
  // it back. Throws std::bad_alloc.
  EngineTask& NewTask(GroupCore& group);
  // The same for several; how many there was memory for.
  std::size_t NewTasks(GroupCore& group, std::span<EngineTask*> tasks) noexcept;
  void GiveBack(EngineTask& task) noexcept;
  // Takes the task, or ends it at once as refused. The caller gets one reference to it,
  // unless `detached`.
  // `given_up`: references to some of the dependencies, which the task's body has, too;
  // they are dropped before it can run. Null `options`: the default ones.
  void Submit(GroupCore& group, EngineTask& task, std::span<const Dependency> dependencies,
              std::span<TaskPtr> given_up, const TaskOptions* options, bool detached) noexcept;
  void SubmitReady(GroupCore& group, EngineTask& task, const TaskOptions* options,
                   bool detached) noexcept;
  // The same for several at once. Of one kind.
  void SubmitAllReady(GroupCore& group, std::span<EngineTask* const> tasks,
                      const TaskOptions* options, bool detached) noexcept;
  // Takes none of them: so many tasks that have ended, each with `why`.
  void Refuse(GroupCore& group, EngineTask& task, absl::Status why, bool detached);
  // For a task that there is no memory for, or no thread, after a fork: one that has ended
  // with that error. With a reference for the caller, unless `detached`.
  EngineTask& StandInFor(GroupCore& group, bool detached) noexcept;
  // All or none. Of each in `handles`, which are as many.
  absl::Status Schedule(GroupCore& group, std::span<TaskDefinition> definitions,
                        std::span<TaskPtr> handles);
  // The name can be given to another task.
  absl::Status ReleaseName(GroupCore& group, std::string_view name);
  // `task` waits for `dependency`, too.
  absl::Status AddDependency(EngineTask& task, EngineTask& dependency);

  void Cancel(EngineTask& task);
  void CancelGroup(GroupCore& group, absl::Status why);
  void CancelAll(const absl::Status& why);

  // OK once the target has ended (however it ended) or, for a group, is at rest.
  // DeadlineExceeded, FailedPrecondition (it cannot end), ResourceExhausted (too
  // deep) otherwise.
  absl::Status Wait(const WaitTarget& target, absl::Time deadline = absl::InfiniteFuture());

  // Refuses what comes from outside from now on; waits for the rest; ends tasks on
  // names that never came.
  absl::Status Shutdown(bool cancel);

  // Queries.
  static TaskState StateOf(const EngineTask& task);
  // Without the texts that there is no memory for.
  static TaskResult ResultOfTask(EngineTask& task);
  static absl::Status OutcomeOf(EngineTask& task);
  static std::exception_ptr ExceptionOf(const EngineTask& task);
  absl::StatusOr<TaskResult> Find(TaskId id) const;
  // Empty: it has ended.
  absl::StatusOr<TaskPin> FindUnfinished(TaskId id) const;
  absl::StatusOr<TaskPtr> FindNamed(GroupCore& group, std::string_view name);
  bool InsideTask() const;
  StuckReport WhatWaits();
  // Before the first task. ResourceExhausted: no thread for it.
  absl::Status StartWatch(const Watchdog& watchdog);
  // Before anything goes that a report might use.
  void StopWatch();

  // Waits as Wait does, then gives what the handle reads: the result, or why the
  // wait could not be done.
  template <class T>
  const ResultOf<T>& Get(EngineTask& task) {
    const absl::Status waited = Wait({.task = &task});
    const auto word = task.word.load(std::memory_order_acquire);
    if (TaskWord::Ended(word)) return ResultIn<T>(task);
    const void* const made = MadeError(task, waited);
    return made != nullptr ? *static_cast<const ResultOf<T>*>(made) : StandInResult<T>(Of(task));
  }
  // Of a task that has ended. Good while a reference to the task lives.
  template <class T>
  static const ResultOf<T>& ResultIn(EngineTask& task) {
    const void* const result = EndedResult(task);
    if (result != nullptr) [[likely]]
      return *static_cast<const ResultOf<T>*>(result);
    return StandInResult<T>(Of(task));
  }

  void Drain(int slot) noexcept override;

  // Runs a graph and waits for it; takes part. FailedPrecondition when the scheduler is
  // shut down. ResourceExhausted inside a task when too many are blocked already.
  absl::Status RunGraph(Graph& graph);

  // The task, and those that it waits for, go to that lane, unless they are in a higher one.
  void Raise(EngineTask& task, Lane lane) noexcept;
  static void FreeEntry(EngineTask& entry, EngineWorker* worker) noexcept;

  // For the bodies of tasks (task_body.h).
  //
  // True: the caller runs the body of a task that a worker has taken from a queue. Else
  // the task needs nothing more.
  static bool Begin(EngineTask& task, EngineWorker& worker) {
    worker.TurnTo(*task.scope);
    auto claimed = task.Claim();
    if (claimed == EngineTask::Claimed::kRun) [[likely]] {
      if (MayStart(task)) [[likely]]
        return true;
      claimed = EngineTask::Claimed::kEnd;
    }
    EndUnrun(task, worker, claimed);
    return false;
  }
  // Whether a task that was claimed may run; else it is to end unrun.
  static bool MayStart(EngineTask& task) {
    if (!task.scope->stopped()) [[likely]]
      return true;
    if ((task.word.load(std::memory_order_relaxed) & TaskWord::kFinaliser) != 0) return true;
    task.TakeBackStart();
    return false;
  }
  // The step of a task with a policy, or of a group that has a deadline.
  static ReadyNode* StepSpecial(ReadyNode& node, EngineWorker& worker) noexcept;
  // The same from any entry that has a pin; and on a thread on which the body may run.
  static ReadyNode* StepEntry(EngineTask& task, EngineWorker& worker) noexcept;
  static ReadyNode* StepHere(EngineTask& task, EngineWorker& worker) noexcept;
  struct Attempt {
    int number = 1;
    bool may_follow = false;  // another one, if this fails
    // When it began, where somebody wants to know.
    absl::Duration began = absl::ZeroDuration();
  };
  // Of those.
  static Attempt BeginAttempt(EngineTask& task, const EngineWorker& worker) noexcept;
  // The body has returned `status`, which may become another. True: the task is parked, or
  // another's already; `drop`, and `outer` has its worker back.
  static bool EndAttempt(EngineTask& task, EngineWorker& worker, const Attempt& attempt,
                         const EngineWorker::Body& outer, bool drop, absl::Status& status) noexcept;
  // Whether the attempt that runs was asked to stop because its time is over.
  static bool IsLate(const EngineTask& task) noexcept;
  static absl::Duration TimeLeft(const EngineTask& task) noexcept;
  // Throws std::bad_alloc.
  static void Degrade(EngineTask& task, absl::Status cause);
  static void ForgetCost(EngineTask& task) noexcept;
  static ReadyNode* EndCompleted(EngineTask& task, EngineWorker& worker, bool drop) noexcept {
    Scope<StdPlatform>& group = *task.scope;
    const auto state = TaskState::kCompleted;
    TaskWord::Bits after = 0;
    if (!task.EndAlone(state, drop, after)) [[unlikely]]
      return EndBusy(task, worker, state, drop);
    if (!TaskWord::Referenced(after)) DestroyCompleted(task, worker);
    worker.CountCompleted(group);
    return nullptr;
  }
  // The same of a task with a policy, or that is observed.
  static ReadyNode* EndBusy(EngineTask& task, EngineWorker& worker, TaskState state,
                            bool drop) noexcept;
  // The same of one that took the special step, and has completed.
  static ReadyNode* EndSpecial(EngineTask& task, EngineWorker& worker, bool drop) noexcept;
  // Its body failed, and has been destroyed.
  static ReadyNode* EndFailed(EngineTask& task, EngineWorker& worker, bool drop,
                              absl::Status status, std::exception_ptr thrown) noexcept;
  static absl::Status DestroyBody(EngineTask& task) noexcept;
  // The same after a run, which it may make a failed one.
  static void DestroyRunBody(EngineTask& task, absl::Status& status) noexcept;

  // For groups and tasks.
  void NotifyGroup(const GroupCore* group);
  CancellationToken TokenOf(EngineTask& task);
  absl::Status Continue(EngineTask& task, EngineTask& continuation) noexcept;
  static void Destroy(EngineTask& task) noexcept;

 private:
  using Bits = TaskWord::Bits;
  // So many bodies on threads for those that block may wait for tasks at once.
  static constexpr int kMaxPooledWaits = RunLoop<StdPlatform>::kMaxReplacements;
  enum class Phase { kOpen, kDraining, kClosed };
  struct ThreadFrame;
  struct Ending;  // ends that follow from an end
  struct Plan;    // one definition on its way in
  class Plans;
  class BlockedPump;
  class Call;
  class PathSearch;
  class HelpSearch;
  class KnotSearch;
  class GroupCursor;
  struct GraphRun;  // a run that somebody waits for
  class Attempts;   // what tasks with a policy do more than others
  class Gate;       // what those do that need resources
  class FailFast;   // cancels the rest of a group

  // What there is no memory for, or what must not be touched after a fork.
  template <class T>
  static const ResultOf<T>& StandInResult(const Engine& engine) {
    static const ResultOf<T> no_memory(OutOfMemory());
    static const ResultOf<T> forked(ForkedError());
    return engine.Forked() ? forked : no_memory;
  }
  // A ResultOf<T>; null: there is no memory for it.
  static const void* EndedResult(EngineTask& task) noexcept;

  static constinit thread_local ThreadFrame* current_frame_;

  ~Engine() override;

  ThreadFrame* FrameOfThread() const;
  EngineWorker* WorkerOfThread() const;

  EngineTask& MakeStandIn(absl::Status why);

  // engine_submit.cc
  absl::Status CheckDependencies(std::span<const Dependency> dependencies) const;
  // Counts a task that comes in; the reason when it may not.
  absl::Status Enter(GroupCore& group, EngineTask& task, EngineWorker* worker,
                     const TaskOptions* options);
  // The same for one that nothing is asked for. False: not counted; Enter takes it, or knows why
  // not.
  bool EnterPlainly(GroupCore& group, EngineWorker* worker, const TaskOptions* options) const;
  // Of any that waits for nothing: it is ready after this, and in no queue. False: it was refused.
  bool EnterReady(GroupCore& group, EngineTask& task, EngineWorker* worker,
                  const TaskOptions* options, bool detached) noexcept;
  // Gives the task what the options ask for. InvalidArgument; throws std::bad_alloc.
  absl::Status Prepare(GroupCore& group, EngineTask& task, const TaskOptions* options);
  // `finaliser`: each of them is one.
  bool TryAdmit(GroupCore& group, EngineWorker* worker, bool finaliser,
                std::int64_t tasks = 1) const;
  absl::Status Admit(GroupCore& group, EngineWorker* worker, bool finaliser,
                     std::int64_t tasks = 1) const;
  absl::Status WhyNotAdmitted(const GroupCore& group, bool finaliser) const;
  static void CountIn(GroupCore& group, EngineWorker* worker, std::int64_t tasks = 1);
  // `before`: the group's rest before it was counted.
  static void TakeBack(GroupCore& group, EngineWorker* worker, const GroupCore::Rest& before);
  static Bits FirstWord(const TaskOptions* options, int handles, int pins);
  struct Linked {
    std::uint32_t arrived = 0;    // so many of the task's dependencies have ended
    bool waits = false;           // others have not
    TaskPtr cause;                // one that did not complete, or why that was skipped
    Lane lowest = Lane::kUrgent;  // of those that have not ended
    bool out_of_memory = false;
    EngineTask* starved = nullptr;  // as Ending::starved
  };
  Linked Link(EngineTask& task, std::span<const Dependency> dependencies,
              bool was_name) noexcept ABSL_NO_THREAD_SAFETY_ANALYSIS;  // locks in the middle
  // The end of a submission: the task may become ready, or end.
  void LetGo(EngineTask& task, Linked linked, Ending& ending) noexcept;
  // kBlocked: nothing was added, for that takes blocked_mu_.
  // kContinued: the same, for another task goes on in its place.
  enum class Added { kWaits, kEnded, kOutOfMemory, kBlocked, kContinued };
  Added AddEdge(EngineTask& from, EngineTask& to, bool run_anyway, Linked& linked) noexcept;
  // The same, which also counts `to` as blocked by `from` where it is.
  Added AddEdgeCounted(EngineTask& from, EngineTask& to, bool run_anyway, Linked& linked) noexcept
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(blocked_mu_);
  Added AddEdgeIf(bool may_be_blocked, EngineTask& from, EngineTask& to, bool run_anyway,
                  Linked& linked) noexcept;
  static TaskPtr CauseOf(EngineTask& ended);
  EdgeBlock<StdPlatform>* NewBlock();
  static std::uintptr_t& EdgesOf(EngineTask& task, Bits word);
  TaskExtras& MakeExtras(EngineTask& task);
  void FreeExtras(TaskExtras& extras) noexcept;

  // engine_attempts.cc
  // So many more, or less: as many fewer may run.
  void CountParked(int change) noexcept;
  // As many bodies may run now. `closed`: memory runs short.
  int MostRunning(bool closed) const;
  int MostRunning() const { return MostRunning(bounds_->ledger().closed()); }

  // engine_gate.cc
  bool MayTake(ReadyNode& node) noexcept override;
  // Sees to it that somebody looks at the memory when it is time.
  void LookAgain() noexcept;
  void TellWhetherOneByOne() noexcept;
  void UpdateMost() noexcept;

  // engine_blocking.cc
  void CloseBlocking();
  // ResourceExhausted: the pool for bodies that block could not be made.
  absl::Status PrepareBlocking();
  void SendToPool(EngineTask& task, PooledTask& pooled) noexcept;
  static bool PutOnPool(EngineTask& task, PooledTask& pooled, Lane& lane) noexcept;
  static bool TakeOffPool(EngineTask& task, PooledTask& pooled) noexcept;
  void LeavePool(EngineTask& task) noexcept;
  void FailPooled(EngineTask& task) noexcept;
  // As CountParked, of those on the way to the pool or on a thread of it.
  void CountPooled(int change) noexcept;
  static void RunPooled(PoolItem& item, bool run) noexcept;
  // Whether a body of that task must not run on this thread, which is a worker's.
  bool BelongsToPool(const EngineTask& task) const;
  class PooledWait;

  // engine_lanes.cc
  bool RaiseOne(EngineTask& task, Lane lane) noexcept;
  void AddRaised(EngineTask& task, Lane lane) noexcept;
  static void DropEntry(ReadyNode& node) noexcept;
  static std::vector<TaskId> PredecessorsOf(const EngineTask& task);
  void AddPredecessor(EngineTask& task, EngineTask& predecessor);
  void KeepPredecessors();
  // For who has linked it: whether Inherit is to follow. seq_cst: behind the edges.
  bool NeedsToInherit(const EngineTask& task, const Linked& linked) const {
    return linked.lowest < LaneIn(task.word.load(std::memory_order_relaxed)) ||
           inherits_.load(std::memory_order_seq_cst);
  }
  // What the task waits for rises to its lane. Not under a lock: tasks may go.
  void Inherit(EngineTask& task, std::span<const Dependency> dependencies) noexcept;

  // engine_stuck.cc
  class StuckSearch;

  // engine_record.cc
  // Before others see the task. Throws std::bad_alloc.
  void MakeRecord(EngineTask& task);
  void NoteEvent(TaskEventKind kind, TaskState state, const EngineTask& task, int slot,
                 std::int64_t at) noexcept;
  // Adds what is recorded, and how many are parked. Throws std::bad_alloc.
  void AddRecorded(GroupCore& group, RunSummary& summary);
  std::int64_t CountParkedIn(const GroupCore& group);

  // engine_tell.cc
  // Requires: somebody observes. `worker`: of this thread; null: it is none.
  void TellSubmitted(const EngineTask& task, const TaskOptions* options,
                     const EngineWorker* worker) noexcept;
  void Tell(TaskEventKind kind, TaskState state, const EngineTask& task, const EngineWorker* worker,
            TaskId other = {}, int attempt = 0) noexcept;
  // The same of a task that others may end meanwhile: not after that was told.
  void TellBeforeEnd(TaskEventKind kind, TaskState state, EngineTask& task,
                     const EngineWorker* worker, TaskId other = {}) noexcept;
  // The same; null `record`: nothing is recorded of `from`, which has ended.
  void TellReleased(EngineTask& task, const EngineWorker* worker, TaskId from,
                    TaskRecord* record) noexcept;
  // What follows releases the successors of `task`.
  static void SetReleaser(const EngineTask& task, Ending& ending) noexcept;

  // engine_names.cc
  absl::Status MakePlans(GroupCore& group, std::span<TaskDefinition> definitions, Plans& plans);
  absl::Status TakeIn(GroupCore& group, std::span<TaskDefinition> definitions, Plans& plans,
                      EngineWorker* worker, std::span<TaskPtr> handles);
  static void GiveName(EngineTask& task, const TaskOptions& options) noexcept;
  void Publish(GroupCore& group, Plans& plans, EngineWorker* worker);
  static void RecordIn(GroupCore& group, std::string_view name,
                       const absl::Status& status) noexcept;
  template <class F>
  void ForEachSuccessor(EngineTask& task, F visit);

  // engine_cycles.cc
  absl::Status CheckCycles(const Plans& plans);
  static absl::Status CycleError(std::vector<EngineTask*>& cycle);
  // Those that are there now, and those that will be handed over to it; each is kept.
  void AddSuccessors(EngineTask& task, std::vector<EngineTask*>& successors, PinnedTasks& kept);

  // engine_continue.cc
  static TaskPin ContinuationOf(const EngineTask& task);
  // It has none after all.
  void ForgetContinuation(EngineTask& task) noexcept;
  absl::Status ContinueAs(EngineTask& task, EngineTask& continuation);
  // Ends a task whose successors wait for `to` then. Returns its word.
  Bits EndAndHandOver(EngineTask& task, bool drop, TaskPin to, EdgeBlock<StdPlatform>* spare,
                      Ending& ending) noexcept;
  // False: `to` has ended.
  bool HandOver(std::uintptr_t successors, EngineTask& to, EdgeBlock<StdPlatform>*& spare,
                Ending& ending) noexcept;

  // engine_blocked.cc
  bool HasBlocked(const GroupCore& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(blocked_mu_);
  // A name has got its task, whose dependencies are linked.
  void ResolveName(EngineTask& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(blocked_mu_);
  bool MarkBlocked(EngineTask& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(blocked_mu_);
  // Counts it as blocked by one more; where there is no memory for that, decides its end.
  bool CountBlockedBy(EngineTask& task, EngineTask*& starved) noexcept
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(blocked_mu_);
  void Unblock(EngineTask& task) noexcept;
  void UnblockAll(EngineTask& first) ABSL_EXCLUSIVE_LOCKS_REQUIRED(blocked_mu_);
  void SetBlocked(EngineTask& first, EngineTask*& starved) noexcept
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(blocked_mu_);
  absl::Status UnresolvedError(EngineTask& task);
  std::string BareNameBehind(EngineTask& wanted);

  // Destroy, for one that has completed and has no extras, on its worker.
  static void DestroyCompleted(EngineTask& task, EngineWorker& worker) noexcept {
    const TaskOps& ops = OpsOf(task);
    if (ops.destroy_value != nullptr) ops.destroy_value(task);
    NextGeneration(task);
    Of(task).tasks_.Give(worker.tasks(), &task);
  }
  // From here on a look-up by id finds nothing, or the task that comes next.
  static void NextGeneration(EngineTask& task) {
    if (++task.generation == 0) task.generation = 1;
  }

  // engine_end.cc
  static void EndUnrun(EngineTask& task, EngineWorker& worker, EngineTask::Claimed claimed);
  void EndCancelled(EngineTask& task, Ending& ending) noexcept;
  void EndSkipped(EngineTask& task, Ending& ending) noexcept;
  // One whose end was decided before it ran, or while it was parked.
  void EndUnrunFailed(EngineTask& task, const absl::Status& why, Ending& ending) noexcept;
  void EndWithError(EngineTask& task, TaskState state, absl::Status error,
                    std::exception_ptr thrown, bool drop, Ending& ending) noexcept;
  void EndOne(EngineTask& task, TaskState state, bool drop, Ending& ending) noexcept;
  // Gives up what few tasks have, but for this.
  struct Closed {
    TaskPin continuation;  // which its successors wait for now
    EdgeBlock<StdPlatform>* spare = nullptr;
    TaskPin unused;  // goes after the end
  };
  Closed CloseRarities(EngineTask& task, TaskRarities& rarities, TaskState state) noexcept;
  // The end itself: takes its successors.
  static Bits EndAs(EngineTask& task, TaskState state, bool drop, std::uintptr_t& successors,
                    const Ending& ending) noexcept;
  void FinishEnding(Ending& ending) noexcept;
  // The same at the end of a call, which may have come from inside a body: what has become
  // ready does not run in its place, and news of other groups is not kept back.
  void FinishCall(Ending& ending) noexcept;
  // The same, where what has become ready is what the body has put there.
  void FinishSubmission(Ending& ending) noexcept;
  static void TurnBack(EngineWorker& worker) noexcept;
  void FinishSkips(Ending& ending) noexcept;
  void ReleaseAll(std::uintptr_t successors, TaskState state, Ending& ending) noexcept;
  void Release(const Edge& edge, TaskState state, Ending& ending) noexcept;
  void FreeBlock(EdgeBlock<StdPlatform>* block, EngineWorker* worker) noexcept;
  // True: it was the last of those that the task waits for.
  static bool Arrive(EngineTask& task, std::uint32_t times) noexcept;
  bool DecideSkip(EngineTask& task, Ending& ending) noexcept;
  void MakeReady(EngineTask& task, Ending& ending) noexcept;
  void Record(EngineTask& task, const absl::Status& status) noexcept;
  void WakeShared(const EngineWorker* worker) noexcept;
  void NotifyTask(const EngineTask* task);

  // engine_run.cc
  bool StartPump(int slot) noexcept override;
  void OnNoPump() noexcept override;
  void BeforeCalm() noexcept override;
  void OnTurns(PumpTurns& turns) noexcept override;
  void OnTimersChanged() noexcept override;
  void TryStartAgain();
  void OnSlot(int slot) noexcept override;
  static void EndLateRun(Timer& timer) noexcept;
  absl::Status AwaitRun(Graph& graph, bool inside);
  absl::Status RunGraphIn(ThreadFrame& thread, Graph& graph);
  void RunGraphHere(Graph& graph);
  // Without threads.
  void RunGraphByDraining(Graph& graph);
  absl::Status RunGraphOnStack(ThreadFrame& thread, Graph& graph);
  bool NoCalls() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return calls_ == 0; }
  void EndDraining();
  // Runs the task that comes next. False: there is none.
  bool DrainOne(ThreadFrame& thread);
  bool SeemsToHaveReady();

  // engine_cancel.cc
  // `late`: its deadline has passed.
  void CancelGroup(GroupCore& group, const absl::Status& why, bool late);
  static void EndLateGroup(Timer& timer) noexcept;
  void CancelGraphs(const absl::Status& why);
  void CancelOne(EngineTask& task);
  void EndWithdrawn(EngineTask& task);
  static void CancelTokenOf(EngineTask& task, const absl::Status& why);
  void CancelTasks(GroupCore& group, const absl::Status& why);

  // engine_wait.cc
  // Whether the target's end needs that of `task`.
  static bool IsPart(const EngineTask& task, const WaitTarget& target);
  absl::Status WaitOutside(const WaitTarget& target, absl::Time deadline);
  absl::Status WaitByDraining(const WaitTarget& target, absl::Time deadline);
  // `surely`: what would be an error is waited out.
  absl::Status WaitInside(ThreadFrame& thread, const WaitTarget& target, absl::Time deadline,
                          bool surely);
  absl::Status Sleep(ThreadFrame& thread, WaitFrame& frame, absl::Time deadline, bool surely);
  void WaitSurely(const WaitTarget& target);
  static WaitFrame FrameOfBody(const ThreadFrame& thread, const WaitTarget& target);
  // Sleeps until it is let go. False: not by then. While a worker that was needed could not
  // be started, tries again from time to time.
  bool Park(StdPlatform::Parker& parker, absl::Time deadline);
  bool ParkForTimers(StdPlatform::Parker& parker, absl::Time deadline);
  // Whether somebody is at work while this body blocks; tries to see to it.
  bool SomebodyWorks(StdPlatform::Parker& parker);
  // True: it has ended, or the group is at rest. Else whoever brings that about says so,
  // unless nobody can.
  bool Arm(Waiter& waiter, bool& unresolved);
  void StopWaiting(Waiter& waiter);
  enum class Helped { kRan, kNothing, kNoMemory };
  Helped HelpOnce(ThreadFrame& thread, const WaitTarget& target);
  // True: it was claimed, and has ended.
  bool RunIfReady(EngineTask& task, EngineWorker& worker);
  // kNot: also where it would have to wait for what it needs.
  EngineTask::Claimed ClaimForWaiter(EngineTask& task);
  void RunClaimed(EngineTask& task, EngineWorker& worker, EngineTask::Claimed claimed);
  void RunFromQueue(ReadyNode& node, EngineWorker& worker);
  // engine_search.cc
  void DropStale();
  void Drop(ReadyNode* first);
  // Runs a ready task that the target depends on; for one worker.
  Helped RunHelp(const WaitTarget& target, EngineWorker& worker);
  // engine_path.cc
  // FailedPrecondition with the path when what the body waits for cannot end before it.
  absl::Status CheckWait(const WaitFrame& frame);
  // engine_knots.cc
  // The same, with the resource, when it cannot end because of what bodies hold that wait.
  absl::Status CheckKnots(const WaitFrame& frame);
  // It waits for what such bodies hold, or for a task that may.
  void TellStuck(EngineTask& task) noexcept;
  // engine_path.cc
  // The same when `to` cannot end before `from`, which is to wait for it; `refused` says for
  // what: "cannot wait for".
  absl::Status CheckEdge(EngineTask& from, EngineTask& to, std::string_view refused);

  // engine_pending.cc
  // Counts them where the group's unfinished tasks are bounded; waits for room where it may.
  absl::Status EnterBound(GroupCore& group, const EngineWorker* worker, std::int64_t tasks);
  void LeaveBound(GroupCore& group, std::int64_t tasks) noexcept;
  // As Arm. `unresolved`: nothing of the group can end any more.
  bool ArmForRoom(Waiter& waiter, bool& unresolved);
  static absl::Status NeverRoom(const GroupCore& group);

  // engine_groups.cc
  void Settle();
  bool AllAtRest() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::int64_t CountBlocked(const GroupCore& group);
  void ListUnresolved(GroupCore& group, RunSummary& summary);

  // engine_report.cc
  absl::StatusOr<TaskPin> FindAny(TaskId id) const;
  static std::string NameOf(EngineTask& task);
  static absl::Status StatusOf(EngineTask& task, Bits word) noexcept;
  // Null: there is no memory for it.
  static const void* MadeError(EngineTask& task, const absl::Status& error) noexcept;

  // Constant after construction.
  const Clock& clock_;
  CostModel& costs_;
  const bool record_times_;
  const int critical_path_priority_;
  const int max_in_flight_;
  const int max_width_;
  const int blocking_threads_;  // 0: there are no threads
  const bool drains_in_wait_;
  const std::uint32_t forks_ = ForkCount();
  // Made once, for cancelling and shutting down need no memory.
  const absl::Status cancelled_;        // what a cancelled task says of itself
  const absl::Status group_cancelled_;  // what a group says that was cancelled without a reason
  const absl::Status group_destroyed_;
  const absl::Status shutting_down_;
  const absl::Status no_such_name_;         // what a name without a task says in the end
  std::unique_ptr<TaskExecutor> executor_;  // until Close
  const std::unique_ptr<Bounds> bounds_;
  const std::shared_ptr<EnginePool> pool_ = SharedNodePool();
  ItemStore<StdPlatform, EngineTask> tasks_;
  ItemStore<StdPlatform, EdgeBlock<StdPlatform>> blocks_;
  RunLoop<StdPlatform> loop_;
  const std::unique_ptr<RunRecorder> recorder_;  // null: nothing is recorded
  std::unique_ptr<StallWatch> watch_;            // null: nobody watches; constant after StartWatch
  std::optional<EventTeller> teller_;
  Timers timers_;
  struct LookTimer : Timer {
    Engine* engine = nullptr;
  } look_timer_;                    // at the memory
  const absl::Duration look_from_;  // for tasks that declare nothing
  absl::Mutex look_mu_;
  bool look_armed_ ABSL_GUARDED_BY(look_mu_) = false;
  JitterSource jitter_;
  StdPlatform::Atomic<std::int64_t> parked_{0};  // with the pooled ones
  StdPlatform::Atomic<std::int64_t> pooled_{0};
  absl::Mutex most_mu_;  // who tells the run loop
  bool one_by_one_ ABSL_GUARDED_BY(most_mu_) = false;
  const std::unique_ptr<SimulatedWorkers> simulated_;  // null: the workers are threads
  int graphs_on_stack_ = 0;                            // guarded by whoever drains
  StdPlatform::Atomic<Phase> phase_{Phase::kOpen};
  StdPlatform::Atomic<bool> inherits_{false};  // tasks keep whom they wait for
  WaitList waits_;
  StdPlatform::Lock extras_lock_;               // makes the extras of tasks that have ended
  StdPlatform::Atomic<std::int64_t> stale_{0};  // entries of tasks that were claimed elsewhere

  absl::Mutex shutdown_mu_;  // one shutdown at a time
  absl::Mutex resize_mu_;    // one change of the width at a time
  absl::Mutex late_mu_;      // one edge that may close a cycle at a time

  absl::Mutex blocking_mu_;
  std::unique_ptr<ThreadPool> blocking_ ABSL_GUARDED_BY(blocking_mu_);  // once it is needed
  int pooled_waits_ ABSL_GUARDED_BY(blocking_mu_) = 0;
  StdPlatform::Atomic<ThreadPool*> blocking_pool_{nullptr};

  HandOvers<StdPlatform> hand_overs_;

  // Handed out instead of tasks that could not be made. Ours until Close.
  EngineTask* no_memory_ = nullptr;
  EngineTask* forked_ = nullptr;
  IntrusivePtr<GroupCore> forked_group_;  // what is a group in a forked child

  FailedStarts<StdPlatform> failed_starts_;
  DrainTurn drain_turn_;

  mutable absl::Mutex mu_;  // the lists
  GroupCore* groups_ ABSL_GUARDED_BY(mu_) = nullptr;
  GroupCursor* cursors_ ABSL_GUARDED_BY(mu_) = nullptr;
  std::uint64_t group_changes_ ABSL_GUARDED_BY(mu_) = 0;  // groups that came or went
  GraphRun* graph_runs_ ABSL_GUARDED_BY(mu_) = nullptr;
  std::int64_t calls_ ABSL_GUARDED_BY(mu_) = 0;  // that may still use executor_

  // Tasks that wait for bare names, and for how many tasks that do.
  absl::Mutex blocked_mu_;
  absl::flat_hash_map<EngineTask*, std::uint32_t> blocked_ ABSL_GUARDED_BY(blocked_mu_);

  // Guarded by the lock of tasks_.GiveOutside.
  bool closed_ = false;
  std::int64_t used_ = 0;  // tasks with handles, once closed
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_H_
