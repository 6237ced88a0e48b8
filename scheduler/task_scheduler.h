// SPDX-License-Identifier: Apache-2.0
//
// Hands ready tasks to the workers of an executor and keeps the order between them.

#ifndef WEFT_SCHEDULER_TASK_SCHEDULER_H_
#define WEFT_SCHEDULER_TASK_SCHEDULER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "weft/core/clock.h"
#include "weft/core/parallel_processing_config.h"
#include "weft/core/resource_need.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_id.h"
#include "weft/core/task_options.h"
#include "weft/core/task_result.h"
#include "weft/distribution/cost_history.h"
#include "weft/distribution/cost_model.h"
#include "weft/distribution/memory_limit.h"
#include "weft/scheduler/internal/bounds.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/resource_figures.h"
#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/shutdown_mode.h"
#include "weft/scheduler/stuck_report.h"
#include "weft/scheduler/task.h"
#include "weft/scheduler/task_executor.h"
#include "weft/scheduler/task_graph.h"
#include "weft/scheduler/task_group.h"
#include "weft/scheduler/task_observer.h"

namespace weft {

// Thread safety: handed over whole.
struct SchedulerOptions {
  ParallelProcessingConfig config = {};
  // Null: oneTBB workers, config.num_workers of them (0 = Topology::usable_workers), or
  // the waiting thread when config.parallel is false.
  std::unique_ptr<TaskExecutor> executor = nullptr;
  // Must outlive the scheduler. Null: that of simulated workers, or the machine's steady clock.
  const Clock* clock = nullptr;
  // Of what is left to chance: the jitter of back-off. 0: that of simulated workers, or another
  // one each time.
  std::uint64_t seed = 0;
  // Whether TaskResult::times is filled in: two or three clock reads per task.
  bool record_times = false;
  // Told of every task; must outlive the scheduler. Null: nobody is, which costs a branch here
  // and there. Otherwise two or three clock reads per task, and what the observer does.
  TaskObserver* observer = nullptr;
  // What tasks can need (TaskOptions::resources), each with all its units.
  std::vector<ResourceLimit> resources = {};
  // How much memory is in use, and how much there may be; called by one thread at a time, now and
  // then while tasks run. Null: MemoryProbe; simulated workers have no bound.
  std::function<absl::StatusOr<MemoryReading>()> read_memory = nullptr;
  // Whether summaries have busy times, queue waits and the critical path. Costs what an observer
  // costs; and, for each task that has not ended, or that the critical path of one goes through, up
  // to 300 bytes, for a group 7 KiB, for a graph the same and 48 bytes a node. Of a chain of more
  // than 2,000 tasks the beginning is let go.
  bool record_runs = false;
  // Says when nothing goes on. Costs what an observer costs, and a thread that sleeps.
  //   InvalidArgument: a time without a report, or a report without a time above 0
  Watchdog watchdog = {};
  // The file that keeps what each TaskKind has cost between runs: read by Create, written by
  // Shutdown. Empty: it is remembered for as long as the scheduler lives.
  std::string history_path = {};
  // For the threads of the executor that Create makes. InvalidArgument together with
  // `executor`, which then would not know of them, or without threads.
  WorkerHooks worker_hooks = {};
  // How many tasks marked TaskOptions::blocking run at once, 1 to ThreadPool::kMaxThreads, each on
  // a thread that comes when it is needed; one more for each of those bodies that waits for tasks,
  // as long as it does. They have no worker_hooks.
  int blocking_threads = 64;
  // What the destructor does about tasks that have not ended.
  ShutdownMode on_destroy = ShutdownMode::kCancel;
};

// Submit, Schedule, ScheduleBatch, Cancel, WaitAll and GetStatus speak about root(),
// the group that is always there.
//
// Thread safety: every method may be called from any thread; the constructor and the
// destructor by the owner alone, and not from inside one of its tasks. Groups must
// be destroyed before their scheduler; handles may outlive it.
//
// In a forked child of the process nothing of it runs: calls are FailedPrecondition, Cancel
// and Seal do nothing, results can be read, and destructors return. A scheduler that the
// child makes works. A body that forks must end its child with exec or _exit.
class TaskScheduler {
 public:
  // The default options. Aborts when the machine cannot give one worker thread:
  // use Create where that must be an error.
  TaskScheduler();

  // Errors: those of ParallelProcessingConfig::Validate and TbbExecutor::Create.
  //   InvalidArgument: blocking_threads is out of range, a resource without a name, or of less than
  //     one unit, a watchdog that lacks its time or its report
  //   AlreadyExists: two resources of one name
  //   ResourceExhausted: no thread for the watchdog
  static absl::StatusOr<std::unique_ptr<TaskScheduler>> Create(SchedulerOptions options);

  TaskScheduler(const TaskScheduler&) = delete;
  TaskScheduler& operator=(const TaskScheduler&) = delete;

  // Shuts down as SchedulerOptions::on_destroy says, and always returns once the
  // bodies under way have.
  ~TaskScheduler();

  TaskGroup& root() { return *root_; }

  // How many bodies run at once, apart from those that block.
  int worker_count() const { return engine_->worker_count(); }
  // Changes that number, from any thread, also inside a task. When it grows, more come at
  // once if tasks are ready; when it shrinks, those that are too many leave after the task
  // that each is at. Nothing else changes: no task is lost, moved back or run twice.
  // A pool that was made with one worker, and has not been resized, runs without the
  // handshakes that others need: it grows when the body under way has ended or blocks in a
  // BlockingScope.
  //   InvalidArgument: not 1 to TbbExecutor::kMaxWorkers
  //   FailedPrecondition: the executor cannot; the scheduler was shut down
  //   ResourceExhausted: the machine does not give as much; the number is as it was
  absl::Status Resize(int workers) { return engine_->Resize(workers); }
  // TaskContext::worker() is below this: the workers, as many as Resize may ask for, and
  // those that may stand in for blocked ones, and the threads for bodies that block.
  int slot_count() const { return engine_->slot_count(); }

  // ParallelProcessingConfig::min_task_size.
  int min_task_size() const { return min_task_size_; }

  template <class... Args>
  auto Submit(Args&&... args) {
    return root_->Submit(std::forward<Args>(args)...);
  }
  // Submit({.priority = 5}, f, ...): braces do not reach a template's parameter.
  template <class F, class... D>
  TaskFor<F, D...> Submit(const TaskOptions& options, F function, D&&... dependencies) {
    return root_->Submit(options, std::move(function), std::forward<D>(dependencies)...);
  }
  absl::StatusOr<Task<>> Schedule(TaskDefinition definition) {
    return root_->Schedule(std::move(definition));
  }
  absl::StatusOr<std::vector<Task<>>> ScheduleBatch(std::vector<TaskDefinition> definitions) {
    return root_->ScheduleBatch(std::move(definitions));
  }
  RunSummary WaitAll(absl::Time deadline = absl::InfiniteFuture()) { return root_->Wait(deadline); }

  // Runs the graph once and blocks until it has ended; this thread takes part. With an
  // executor that has no threads, one node after the other, first come, first served.
  // The summary's status is not OK when the run was cancelled, and for
  //   FailedPrecondition: the graph is running already; the scheduler was shut down; the
  //     graph was changed when frozen
  //   InvalidArgument: the graph has a cycle (with its path) or another graph's node; the options
  //     bound max_pending_tasks
  //   ResourceExhausted: called inside a task, and too many tasks are blocked already
  // Inside a task, another worker takes this one's place meanwhile, or without threads the
  // graph runs on this stack; AddGraph costs less.
  RunSummary Run(TaskGraph& graph, const GroupOptions& options = {});
  // The same as a task of root(), without blocking: its value is the summary, its errors
  // are those above. The graph must live until it has ended.
  Task<RunSummary> Start(TaskGraph& graph, GroupOptions options = {});

  // How many calls of SchedulerOptions::worker_hooks have thrown.
  std::int64_t failed_hooks() const { return engine_->failed_hooks(); }
  // How many workers oneTBB did not bring within 100 ms, so that a thread of ours came
  // instead: the host keeps its threads busy, or allows too few. 0 when all is well.
  std::int64_t late_pumps() const { return engine_->late_pumps(); }

  // Which tasks have not ended, and what each waits for. From any thread, also while bodies hang;
  // nothing waits for it. Looks at every task: O(tasks and edges), and as much memory for a moment
  // as the longest list of dependents of one task needs.
  StuckReport WhatWaits() const { return engine_->WhatWaits(); }

  // How many calls of SchedulerOptions::observer, and of the watchdog's report, have thrown.
  std::int64_t failed_events() const { return engine_->failed_events(); }

  // NotFound: none of SchedulerOptions::resources.
  absl::StatusOr<ResourceFigures> resource_figures(std::string_view name) const {
    return engine_->bounds().FiguresOf(name);
  }
  MemoryFigures memory_figures() const { return engine_->bounds().memory(); }

  // What each kind of task has taken so far.
  const CostModel& costs() const { return costs_; }
  // OK, or why the history could not be read, or kept (LoadCostHistory, SaveCostHistory): then the
  // scheduler goes on without. To be read after Shutdown.
  absl::Status history_status() const;
  // The file stays as it is: what this scheduler has learned is not worth keeping.
  void ForgetHistory();

  // By id, in any group; NotFound when the task is gone or never was.
  absl::StatusOr<TaskResult> GetStatus(TaskId id) const { return engine_->Find(id); }
  absl::Status Cancel(TaskId id);

  // By name, in root(); NotFound for a name without a task.
  absl::StatusOr<TaskResult> GetStatus(std::string_view name) const;
  absl::Status Cancel(std::string_view name);

  // Cancels every group, and every run of a graph.
  void CancelAll(absl::Status why);

  // Takes no more tasks from outside and waits until all have ended; tasks on names
  // never submitted end as skipped. kCancel: as if every group were cancelled first.
  // FailedPrecondition from inside a task; any later call returns OK when the first has
  // done its work.
  absl::Status Shutdown(ShutdownMode mode = ShutdownMode::kDrain);

 private:
  friend class TaskGroup;
  TaskScheduler(std::unique_ptr<TaskExecutor> executor, std::unique_ptr<internal::Bounds> bounds,
                const SchedulerOptions& options, LoadedCosts history);
  static absl::StatusOr<std::unique_ptr<TaskScheduler>> Make(SchedulerOptions& options);
  absl::Status Begin(TaskGraph& graph, const GroupOptions& options);
  RunSummary Run(internal::GraphClaim claim, const GroupOptions& options);

  void KeepHistory();

  CostModel costs_;
  const std::string history_path_;
  const int min_task_size_;
  mutable absl::Mutex history_mu_;
  absl::Status history_status_ ABSL_GUARDED_BY(history_mu_);
  bool history_kept_ ABSL_GUARDED_BY(history_mu_) = false;
  internal::Engine* const engine_;  // deletes itself, when the last handle goes
  const ShutdownMode on_destroy_;
  std::unique_ptr<TaskGroup> root_;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_SCHEDULER_H_
