// SPDX-License-Identifier: Apache-2.0
//
// What a body may know about its own run: an optional first parameter.

#ifndef WEFT_CORE_TASK_CONTEXT_H_
#define WEFT_CORE_TASK_CONTEXT_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/cancellation.h"
#include "weft/core/internal/running_task.h"
#include "weft/core/task_id.h"
#include "weft/core/task_ref.h"

namespace weft {

namespace internal {
class RangeRun;
}

// Thread safety: belongs to the running body; use it on the body's own thread.
// The token that it hands out may go anywhere.
class TaskContext {
 public:
  TaskContext(internal::RunningTask& task, int worker, int attempt)
      : task_(task), worker_(worker), attempt_(attempt) {}
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  TaskId id() const { return task_.id(); }

  // The worker slot that runs this body: 0 <= worker() < TaskScheduler::slot_count().
  // No two bodies run in one slot at once, except one that runs inside a Wait of the other.
  int worker() const { return worker_; }

  // 1 for the first run of the body, 2 for the first retry.
  int attempt() const { return attempt_; }

  // True once the task or its group was asked to stop, or the time for this attempt, the task or
  // the group is over. A long body looks at this from time to time and returns early; what it
  // then returns is kept, unless its time is over.
  bool cancelled() const { return task_.cancel_requested(); }

  // The same as a token, to hand to what the body calls. May throw std::bad_alloc.
  CancellationToken token() const { return task_.Token(); }

  // How long this body may still take: until the first of the deadlines of the attempt, the task
  // and the group, on the scheduler's clock; InfiniteDuration() when there is none; never less
  // than nothing.
  absl::Duration time_left() const { return task_.TimeLeft(); }

  // What this body returns is less than what it should have been, because of `cause`: the task
  // still completes, and its result, and the group's summary, say so. The last call counts; an
  // attempt that is followed by another leaves nothing behind. May throw std::bad_alloc.
  // Requires: !cause.ok().
  void Degrade(absl::Status cause) { task_.Degrade(std::move(cause)); }

  // Once this body has completed, what depends on its task, now or later, waits for `task`
  // instead, which may be one that it has just submitted: so a task can grow without a
  // wait. Those that take this task's value still get it. The last call counts.
  //   FailedPrecondition: `task` depends on this one (with the path); or this is a node of
  //     a graph
  //   ResourceExhausted: there is no memory for it
  //   InvalidArgument: `task` is a name, an empty handle, or of another scheduler
  absl::Status Continue(const TaskRef& task) {
    if (task.task() == nullptr) {
      return absl::InvalidArgumentError("a continuation is a handle that is not empty");
    }
    return task_.Continue(task.task());
  }

 private:
  friend class internal::RangeRun;
  // This time the body did nothing that others of its kind do: what it took is not learned.
  void ForgetCost() { task_.ForgetCost(); }

  internal::RunningTask& task_;
  int worker_;
  int attempt_;
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_CONTEXT_H_
