// SPDX-License-Identifier: Apache-2.0
//
// The scope that waiting, cancelling and reporting speak about.

#ifndef WEFT_SCHEDULER_TASK_GROUP_H_
#define WEFT_SCHEDULER_TASK_GROUP_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_id.h"
#include "weft/core/task_options.h"
#include "weft/core/task_result.h"
#include "weft/scheduler/internal/submission.h"
#include "weft/scheduler/run_summary.h"
#include "weft/scheduler/task.h"
#include "weft/sync/progress_target.h"

namespace weft {

class TaskScheduler;

// What becomes of a task that a group has no room for.
enum class WhenFull : std::uint8_t {
  kBlock,   // who submits waits until one has ended, unless none can
  kRefuse,  // it is refused with ResourceExhausted
};

// Thread safety: a plain value.
struct GroupOptions {
  // Cancels the group when this token is cancelled.
  CancellationToken cancellation = {};
  // The first task that fails cancels the others: those that have not started end as cancelled,
  // running ones are asked to stop, later ones are refused, finalisers apart. By default
  // independent branches go on.
  bool fail_fast = false;
  // From the moment at which the group is made, or the run of a graph begins. What has not ended
  // then fails with DeadlineExceeded; running bodies are asked to stop, and what they return is
  // not kept. At most 0: it is late from the beginning.
  absl::Duration timeout = absl::InfiniteDuration();
  // How many tasks of the group may be submitted and not have ended; at most 0: as many as come.
  // A thread that would submit more waits, as `when_full` says. A task of the scheduler never
  // waits here: what it submits beyond that is taken, or refused. The run of a graph, whose nodes
  // are all there before it, is InvalidArgument with a bound.
  std::int64_t max_pending_tasks = 0;
  WhenFull when_full = WhenFull::kBlock;
  // Where the tasks of the group, or the nodes of the run of a graph, count: `&tracker`, or `&part`
  // for several groups of one job. It must outlive the group, or the run.
  //
  // A task is announced when it comes in, unless it is refused, and counts once, however often it
  // is tried: as completed, also when it is degraded; as failed when it failed or was cancelled or
  // skipped. Its cost is TaskOptions::cost: give one to all or to none. A part does not end while a
  // group counts there, for more may come.
  // A node is announced when the run begins. A nested graph is one node however often it is
  // repeated, as in RunSummary; a node that a condition did not choose, and what is skipped for
  // that alone, counts as completed.
  //
  // The tracker's listener is called by who submits tasks and by workers, under no lock. It may
  // submit, never waiting for room, and cancel, but must not wait for the group or the run.
  ProgressTarget progress = {};
};

// The type of handle that Submit(F, D...) returns.
template <class F, class... D>
using TaskFor = Task<typename internal::KindOf<F, D...>::Value>;

// Tasks that belong together. Two groups of one scheduler never wait for each other,
// unless a task of one depends on a task of the other.
//
// Thread safety: every method may be called from any thread, also from inside tasks;
// the constructor and the destructor by the owner alone.
// Cost: a submission inside a task takes no lock and, once warm, allocates nothing when
// the callable, with what it takes of its dependencies, fits into 24 bytes; one step for
// each dependency. From outside: two locks for a few instructions each.
class TaskGroup {
 public:
  // Throws std::bad_alloc.
  explicit TaskGroup(TaskScheduler& scheduler, GroupOptions options = {});
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Seals the group; cancels what has not ended, and waits for it. Does not return
  // before every body of the group has. Names of the group are forgotten.
  ~TaskGroup();

  TaskScheduler& scheduler() const { return scheduler_; }

  // Runs `function` once every dependency has ended. Each dependency is a Task<X> or
  // After(tasks...). The parameters of `function` are an optional TaskContext&, then
  // one for each Task<X>, in order:
  //   const X&                    the task is skipped unless that one completed
  //   X, for std::move(handle)    the same, and the value is moved: no other handle, and no
  //                               other task, may read it; copied otherwise, or, where that
  //                               cannot be, FailedPrecondition
  //   const absl::StatusOr<X>&    it runs anyway and sees how that one ended
  //   const absl::Status&         the same for a Task<void>; left out, that one only
  //                               gives order, and its failure skips the task
  // A callable with a template operator() gets values. It may return void, a value,
  // absl::Status or absl::StatusOr<T>, and may throw anything (status Unknown).
  //
  // Never blocks, but where GroupOptions::max_pending_tasks says so. Work that is refused is a
  // handle that has already ended:
  //   FailedPrecondition: the group is sealed or the scheduler shut down
  //   InvalidArgument: a dependency is empty or of another scheduler
  //   ResourceExhausted: the group is full and refuses, or can never have room; there is no memory
  //     for it (also later, as the task's failure, when there is none for what ties it to its
  //     dependencies)
  //   the reason of the cancel, once the group is cancelled; finalisers are taken
  template <internal::NotOptions F, class... D>
  TaskFor<F, D...> Submit(F function, D&&... dependencies) {
    return SubmitWith(nullptr, std::move(function), std::forward<D>(dependencies)...);
  }
  template <class F, class... D>
  TaskFor<F, D...> Submit(const TaskOptions& options, F function, D&&... dependencies) {
    return SubmitWith(&options, std::move(function), std::forward<D>(dependencies)...);
  }

  // The same without a handle: the task and its value go when it has ended. For streams
  // of tasks, which then need memory only for those that have not.
  template <internal::NotOptions F, class... D>
  void Detach(F function, D&&... dependencies) {
    internal::SubmitBody<F, D...>(engine(), *core_, nullptr, /*detached=*/true, std::move(function),
                                  std::forward<D>(dependencies)...);
  }
  template <class F, class... D>
  void Detach(const TaskOptions& options, F function, D&&... dependencies) {
    internal::SubmitBody<F, D...>(engine(), *core_, &options, /*detached=*/true,
                                  std::move(function), std::forward<D>(dependencies)...);
  }

  // One task for each function, none of which waits for anything: as so many calls of Submit,
  // or Detach, in one pass and with few wake-ups. The handles are in the order of the functions.
  // Throws std::bad_alloc where there is no room for the handles: then nothing was submitted.
  template <class F>
  std::vector<TaskFor<F>> SubmitAll(std::vector<F> functions, const TaskOptions& options) {
    return SubmitAllWith(&options, std::move(functions));
  }
  template <class F>
  std::vector<TaskFor<F>> SubmitAll(std::vector<F> functions) {
    return SubmitAllWith(nullptr, std::move(functions));
  }
  template <class F>
  void DetachAll(std::vector<F> functions, const TaskOptions& options) {
    DetachAllWith(&options, std::move(functions));
  }
  template <class F>
  void DetachAll(std::vector<F> functions) {
    DetachAllWith(nullptr, std::move(functions));
  }

  // The named form. Dependencies on names may come before the tasks of those names.
  // Errors, and nothing is scheduled:
  //   AlreadyExists: the id is in use in this group
  //   InvalidArgument: no function, an empty dependency, or a cycle (with its path)
  //   and those of Submit
  // Cost: O(dependencies); when the id was waited for already, also a search through
  // what the dependencies wait for.
  absl::StatusOr<Task<>> Schedule(TaskDefinition definition);

  // All or none, in one pass: O(V + E). Ids of the batch may refer to each other in
  // any order. The handles are in the order of the definitions. These can only be moved, which a
  // vector cannot do out of a list in braces: push_back each. A cancelled group takes a batch of
  // finalisers alone.
  absl::StatusOr<std::vector<Task<>>> ScheduleBatch(std::vector<TaskDefinition> definitions);

  // No more tasks. Those that wait for names never submitted end as skipped, with
  // code NotFound.
  void Seal();

  // Asks every task of the group to stop, as AnyTask::Cancel does, and refuses later
  // ones, finalisers apart. `why` becomes their status. Idempotent: the first reason stays.
  void Cancel(absl::Status why);

  // Cancelled when the group is. The first call may throw std::bad_alloc.
  CancellationToken token() const { return core_->Token(); }

  // Blocks until nothing in the group is ready, running or about to become so; tasks
  // that wait for names never submitted stay pending and are listed as unresolved.
  // With an executor that has no threads, runs the tasks here. At `deadline`, or where the
  // wait cannot be done (AnyTask::Wait), the summary's status says so, and the tasks go on.
  RunSummary Wait(absl::Time deadline = absl::InfiniteFuture());

  // The same figures now, without waiting.
  RunSummary Summary() const;

  // The handle of a named task. NotFound: no task was submitted under this name.
  absl::StatusOr<Task<>> Find(std::string_view name) const;

  // Forgets a name, so that it can be given to another task; handles stay good.
  //   NotFound: no task was submitted under this name
  //   FailedPrecondition: its task has not ended
  absl::Status Release(std::string_view name);

 private:
  friend class TaskScheduler;
  TaskGroup(TaskScheduler& scheduler, internal::Engine& engine, const GroupOptions& options);

  internal::Engine& engine() const { return engine_; }

  // Null `options`: the default ones, which cost nothing.
  template <class F, class... D>
  TaskFor<F, D...> SubmitWith(const TaskOptions* options, F function, D&&... dependencies) {
    return TaskFor<F, D...>(internal::TaskPtr::Adopt(
        &internal::SubmitBody<F, D...>(engine(), *core_, options, /*detached=*/false,
                                       std::move(function), std::forward<D>(dependencies)...)));
  }
  template <class F>
  std::vector<TaskFor<F>> SubmitAllWith(const TaskOptions* options, std::vector<F> functions) {
    std::vector<TaskFor<F>> tasks;
    tasks.reserve(functions.size());
    internal::SubmitBodies(engine(), *core_, options, /*detached=*/false, std::span(functions),
                           [&tasks](internal::EngineTask& task) {
                             tasks.emplace_back(internal::TaskPtr::Adopt(&task));
                           });
    return tasks;
  }
  template <class F>
  void DetachAllWith(const TaskOptions* options, std::vector<F> functions) {
    internal::SubmitBodies(engine(), *core_, options, /*detached=*/true, std::span(functions),
                           [](internal::EngineTask&) {});
  }

  TaskScheduler& scheduler_;
  internal::Engine& engine_;  // the scheduler's
  const internal::IntrusivePtr<internal::GroupCore> core_;
  std::unique_ptr<CancellationCallback> cancelled_from_outside_;
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_GROUP_H_
