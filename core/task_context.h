// SPDX-License-Identifier: Apache-2.0
//
// What a body may know about its own run: an optional first parameter.

#ifndef WEFT_CORE_TASK_CONTEXT_H_
#define WEFT_CORE_TASK_CONTEXT_H_

#include "weft/core/cancellation.h"
#include "weft/core/internal/task_base.h"
#include "weft/core/task_id.h"

namespace weft {

// Thread safety: belongs to the running body; use it on the body's own thread.
// The token that it hands out may go anywhere.
class TaskContext {
 public:
  TaskContext(internal::TaskBase& task, int worker, int attempt)
      : task_(task), worker_(worker), attempt_(attempt) {}
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  TaskId id() const { return task_.id(); }

  // The worker slot that runs this body: 0 <= worker() < TaskScheduler::slot_count().
  // No two bodies run in one slot at once, except one that runs inside a Wait of the other.
  int worker() const { return worker_; }

  // 1 for the first run of the body.
  int attempt() const { return attempt_; }

  // True once the task or its group was asked to stop. A long body looks at this
  // from time to time and returns early; what it then returns is kept.
  bool cancelled() const { return task_.cancel_requested(); }

  // The same as a token, to hand to what the body calls.
  CancellationToken token() const { return task_.Token(); }

  const internal::TaskBase& task() const { return task_; }

 private:
  internal::TaskBase& task_;
  int worker_;
  int attempt_;
};

}  // namespace weft

#endif  // WEFT_CORE_TASK_CONTEXT_H_
