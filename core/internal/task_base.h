// SPDX-License-Identifier: Apache-2.0
//
// The little that core knows of a task that a scheduler holds: enough for
// TaskRef and TaskContext, which must not know the scheduler.

#ifndef WEFT_CORE_INTERNAL_TASK_BASE_H_
#define WEFT_CORE_INTERNAL_TASK_BASE_H_

#include <atomic>

#include "weft/core/cancellation.h"
#include "weft/core/internal/ref_counted.h"
#include "weft/core/task_id.h"

namespace weft::internal {

// Thread safety: id() once the task is submitted, the others from any thread.
class TaskBase : public RefCounted {
 public:
  TaskId id() const { return id_; }

  bool cancel_requested() const {
    // relaxed: a hint to return early; nothing is read on the strength of it.
    return cancel_requested_.load(std::memory_order_relaxed);
  }

  // A token that follows this task, made on first use.
  virtual CancellationToken Token() = 0;

  // Whose task this is: compared, never followed.
  virtual const void* owner() const = 0;

 protected:
  void set_id(TaskId id) { id_ = id; }
  void set_cancel_requested(bool requested = true) {
    cancel_requested_.store(requested, std::memory_order_relaxed);
  }

 private:
  TaskId id_;
  std::atomic<bool> cancel_requested_{false};
};

}  // namespace weft::internal

#endif  // WEFT_CORE_INTERNAL_TASK_BASE_H_
