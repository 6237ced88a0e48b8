// SPDX-License-Identifier: Apache-2.0
//
// The scheduler's inside: who waits for whom, what is ready, what has ended. One
// lock guards all of it; bodies, callbacks and destructors of user types run
// outside it.

#ifndef WEFT_SCHEDULER_INTERNAL_ENGINE_H_
#define WEFT_SCHEDULER_INTERNAL_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_id.h"
#include "weft/core/task_options.h"
#include "weft/core/task_result.h"
#include "weft/scheduler/internal/graph.h"
#include "weft/scheduler/internal/group_core.h"
#include "weft/scheduler/internal/run_loop.h"
#include "weft/scheduler/internal/task_node.h"
#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/task_executor.h"
#include "weft/scheduler/task_queue.h"

namespace weft::internal {

// Lives until the last handle to one of its tasks goes; its executor goes with the
// TaskScheduler.
//
// A task is *blocked* while it waits, directly or through others, for a name that
// was never submitted; `active` counts the unfinished tasks that are not. A task is
// *ending* from the moment somebody has decided its end (the worker that ran it, a
// cancel, a failed dependency) until End has carried that out.
//
// Thread safety: every public method from any thread.
class Engine final : public RefCounted, public WorkSource, private RunLoopHost {
 public:
  Engine(std::unique_ptr<TaskExecutor> executor, const Clock& clock, bool record_times);

  int worker_count() const { return width_; }
  int slot_count() const { return RunLoop<StdPlatform>::SlotCount(width_); }
  const Clock& clock() const { return clock_; }
  std::int64_t failed_hooks() const { return executor_->failed_hooks(); }
  bool drains_in_wait() const { return drains_in_wait_; }
  void DestroyExecutor() ABSL_LOCKS_EXCLUDED(mu_);

  // Groups.
  IntrusivePtr<GroupCore> AddGroup() ABSL_LOCKS_EXCLUDED(mu_);
  // Seals the group, cancels what is left, waits for it and forgets its names.
  void EndGroup(GroupCore& group) ABSL_LOCKS_EXCLUDED(mu_);
  void Seal(GroupCore& group) ABSL_LOCKS_EXCLUDED(mu_);
  RunSummary Summarise(GroupCore& group, absl::Status wait_status) ABSL_LOCKS_EXCLUDED(mu_);

  // Takes the task, or ends it at once as refused.
  void Submit(GroupCore& group, const IntrusivePtr<TaskNode>& task, Dependencies dependencies,
              const TaskOptions& options) ABSL_LOCKS_EXCLUDED(mu_);
  // All or none.
  absl::StatusOr<std::vector<IntrusivePtr<NamedNode>>> Schedule(
      GroupCore& group, std::vector<TaskDefinition> definitions) ABSL_LOCKS_EXCLUDED(mu_);

  void Cancel(TaskNode& task, absl::Status why) ABSL_LOCKS_EXCLUDED(mu_);
  void CancelGroup(GroupCore& group, absl::Status why) ABSL_LOCKS_EXCLUDED(mu_);
  void CancelAll(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mu_);

  // OK once the target has ended (however it ended) or, for a group, is at rest.
  // DeadlineExceeded, FailedPrecondition (it cannot end), ResourceExhausted (too
  // deep) otherwise.
  absl::Status Wait(WaitTarget target, absl::Time deadline = absl::InfiniteFuture())
      ABSL_LOCKS_EXCLUDED(mu_);

  // Refuses what comes from outside from now on; waits for the rest; ends tasks on
  // names that never came.
  absl::Status Shutdown(bool cancel) ABSL_LOCKS_EXCLUDED(mu_);

  // Queries.
  TaskState StateOf(const TaskNode& task) const ABSL_LOCKS_EXCLUDED(mu_);
  TaskResult ResultOfTask(const TaskNode& task) const ABSL_LOCKS_EXCLUDED(mu_);
  std::exception_ptr ExceptionOf(const TaskNode& task) const ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<TaskResult> Find(TaskId id) const ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<IntrusivePtr<TaskNode>> FindUnfinished(TaskId id) const ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<IntrusivePtr<NamedNode>> FindNamed(const GroupCore& group,
                                                    std::string_view name) const
      ABSL_LOCKS_EXCLUDED(mu_);
  CancellationToken TokenOf(TaskNode& task) ABSL_LOCKS_EXCLUDED(mu_);
  bool InsideTask() const;  // whether this thread runs a task of this engine

  // Wait, but for destructors: comes back only when the target has ended.
  void WaitSurely(WaitTarget target) ABSL_LOCKS_EXCLUDED(mu_);

  // Waits as Wait does, then gives what the handle reads: the result, or why the
  // wait could not be done.
  template <class T>
  const ResultOf<T>& Get(ResultNode<T>& task) ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::Status waited = Wait({.task = &task});
    absl::MutexLock lock(&mu_);
    if (!IsTerminal(static_cast<TaskNode&>(task).state_)) return task.WaitError(waited);
    MaterialiseResult(task);
    return task.result();
  }

  // The result of a task that has ended.
  template <class T>
  const ResultOf<T>& EndedResult(ResultNode<T>& task) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    MaterialiseResult(task);
    return task.result();
  }

  void Forget(TaskId id) ABSL_LOCKS_EXCLUDED(mu_);  // by ~TaskNode only

  void Drain(int slot) noexcept override ABSL_LOCKS_EXCLUDED(mu_);

  // Runs a graph and waits for it; takes part. FailedPrecondition when the scheduler is
  // shut down, or inside a task of one without threads. ResourceExhausted inside a task
  // when too many are blocked already.
  absl::Status RunGraph(Graph& graph) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Frame;  // one body under way on a thread
  struct Slot {
    TaskNode* task = nullptr;
    std::uint32_t generation = 1;
  };
  struct Plan;       // one definition on its way in
  struct GraphRun {  // a run that somebody waits for
    Graph* graph = nullptr;
    int cancels = 0;  // calls of Graph::Cancel under way
    ListLink<GraphRun> in_engine;
  };
  enum class Phase { kOpen, kDraining, kClosed };

  static thread_local Frame* current_frame_;

  ~Engine() override;

  // engine.cc: the state machine
  void SetState(TaskNode& task, TaskState to) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Register(TaskNode& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetActive(TaskNode& task, bool active) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MakeReady(TaskNode& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Doom(TaskNode& task, TaskState end, IntrusivePtr<RootCause> cause, EndingList& ending)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Unblock(TaskNode& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Carries out decided ends, and all ends that follow from them. Returns how many
  // tasks became ready.
  int End(EndingList& ending) ABSL_LOCKS_EXCLUDED(mu_);
  int ReleaseSuccessors(TaskNode& task, EndingList& ending) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndAndWake(EndingList& ending) ABSL_LOCKS_EXCLUDED(mu_);
  // The end of a call that was counted in calls_.
  void WakeAndLeave(int made_ready) ABSL_LOCKS_EXCLUDED(mu_);

  // engine_submit.cc
  absl::Status Refusal(const GroupCore& group) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static void DestroyRefused(GroupCore& group, TaskDefinition& definition);
  absl::Status CheckDependencies(const Dependencies& dependencies) const;
  void Refuse(GroupCore& group, TaskNode& task, const absl::Status& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // True: it is ready now.
  bool Admit(GroupCore& group, TaskNode& task, const Dependencies& dependencies,
             const TaskOptions& options, EndingList& ending) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddEdge(TaskNode& task, const Dependency& dependency) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::vector<Plan>> MakePlans(GroupCore& group,
                                              std::vector<TaskDefinition>& definitions)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status CheckCycles(std::vector<Plan>& plans) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // engine_run.cc
  void Wake(int made_ready) ABSL_LOCKS_EXCLUDED(mu_);
  bool StartPump(int slot) noexcept override;
  bool RunOne(int slot) noexcept override ABSL_LOCKS_EXCLUDED(mu_);
  bool HasWork() const noexcept override;
  void OnSlot(int slot) noexcept override;
  class BlockedPump;  // what a body that blocks sets going
  // Entries of queue_ whose task a waiting task has claimed: theirs may be the last
  // reference, so they are dropped outside the lock.
  using StaleEntries = std::vector<IntrusivePtr<TaskNode>>;
  IntrusivePtr<TaskNode> ClaimNext(StaleEntries& stale) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Claim(TaskNode& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Runs or ends a claimed task. Returns how many tasks became ready.
  int RunClaimed(IntrusivePtr<TaskNode> task, int slot) ABSL_LOCKS_EXCLUDED(mu_);
  void RunBody(TaskNode& task, int slot) ABSL_LOCKS_EXCLUDED(mu_);
  void DestroyCallable(TaskNode& task);
  void RequestCancel(TaskNode& task, const absl::Status& why, EndingList& ending,
                     std::vector<CancellationSource>& sources) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<IntrusivePtr<GroupCore>> Groups() const ABSL_LOCKS_EXCLUDED(mu_);

  // engine_wait.cc
  Frame* FrameOfThread() const;
  absl::Status RunGraphInTask(Graph& graph) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status RunGraphHere(Graph& graph) ABSL_LOCKS_EXCLUDED(mu_);
  void CancelGraphs(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mu_);
  static bool NotBeingCancelled(GraphRun* run) { return run->cancels == 0; }
  static absl::Status TooManyBlocked();
  bool NoCalls() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return calls_ == 0; }
  bool NobodyDrains() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !draining_; }
  bool Satisfied(const WaitTarget& target) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Outcome(const WaitTarget& target) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool AwaitChange(const WaitTarget& target, absl::Time deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool SleepUntilChange(const WaitTarget& target, std::uint64_t seen, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status WaitForThreads(const WaitTarget& target, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status WaitByDraining(const WaitTarget& target, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mu_);
  // `surely`: what would be an error is waited out.
  absl::Status WaitInsideTask(Frame& frame, const WaitTarget& target, absl::Time deadline,
                              bool surely) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status WaitInside(Frame& frame, const WaitTarget& target, absl::Time deadline, bool surely)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // A ready task that `target` depends on, claimed; null when there is none; an
  // error when the target depends on `self`, which may be null.
  absl::StatusOr<IntrusivePtr<TaskNode>> FindHelp(const WaitTarget& target, TaskNode* self)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // engine_report.cc
  absl::Status StatusOf(const TaskNode& task) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  TaskResult Describe(const TaskNode& task) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MaterialiseResult(TaskNode& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static std::string NameOf(const TaskNode& task);
  static absl::Status UnresolvedError(const TaskNode& task);
  static const TaskNode* UnsubmittedBehind(const TaskNode& task);

  // Constant after construction.
  const Clock& clock_;
  const bool record_times_;
  const int width_;
  const bool drains_in_wait_;
  std::unique_ptr<TaskExecutor> executor_;  // until DestroyExecutor
  const std::shared_ptr<GraphNodePool> pool_ = SharedNodePool();
  RunLoop<StdPlatform> loop_;
  StdPlatform::Atomic<std::int64_t> queued_{0};  // entries of queue_; written under mu_

  absl::Mutex shutdown_mu_ ABSL_ACQUIRED_BEFORE(mu_);  // one shutdown at a time
  mutable absl::Mutex mu_;
  Phase phase_ ABSL_GUARDED_BY(mu_) = Phase::kOpen;
  TaskQueue<IntrusivePtr<TaskNode>> queue_
      ABSL_GUARDED_BY(mu_);  // may hold tasks claimed elsewhere
  IntrusiveList<GroupCore, &GroupCore::in_engine> groups_ ABSL_GUARDED_BY(mu_);
  IntrusiveList<GraphRun, &GraphRun::in_engine> graph_runs_ ABSL_GUARDED_BY(mu_);
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mu_);
  std::vector<std::uint32_t> free_slots_ ABSL_GUARDED_BY(mu_);
  std::int64_t active_ ABSL_GUARDED_BY(mu_) = 0;
  std::int64_t calls_ ABSL_GUARDED_BY(mu_) = 0;      // that may still use executor_
  std::uint64_t searches_ ABSL_GUARDED_BY(mu_) = 0;  // numbers for TaskNode::mark_
  std::uint64_t changes_ ABSL_GUARDED_BY(mu_) = 0;   // moves when a waiter should look again
  bool draining_ ABSL_GUARDED_BY(mu_) = false;       // a waiting thread is the (only) worker
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_ENGINE_H_
