// SPDX-License-Identifier: Apache-2.0
//
// Handles to submitted tasks.

#ifndef WEFT_SCHEDULER_TASK_H_
#define WEFT_SCHEDULER_TASK_H_

#include <concepts>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/internal/ref_counted.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_id.h"
#include "weft/core/task_result.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/task_node.h"

namespace weft {

// One pointer, counted. Dropping a handle never cancels its task; the task's value
// lives until the last handle goes. A default handle refers to nothing: only
// valid(), copying and assignment are allowed then.
//
// Thread safety: like a plain pointer: const methods of one handle, and distinct
// copies, from any threads.
class AnyTask {
 public:
  AnyTask() = default;
  explicit AnyTask(internal::IntrusivePtr<internal::TaskNode> node) : node_(std::move(node)) {}

  bool valid() const { return static_cast<bool>(node_); }

  TaskId id() const { return node_->id(); }
  TaskState state() const { return node_->engine().StateOf(*node_); }
  TaskResult result() const { return node_->engine().ResultOfTask(*node_); }

  // Blocks until the task has ended; inside a task of the same scheduler, runs what
  // this one waits for meanwhile. Returns the task's status, or:
  //   FailedPrecondition: it waits for a name that was never submitted and nothing
  //     else in its group can run; or it waits for the task that calls.
  //   ResourceExhausted: tasks wait inside tasks more than 1,000 deep.
  absl::Status Wait() const;

  // The same, until `deadline`. True once the task has ended.
  bool WaitUntil(absl::Time deadline) const;

  // Asks the task to stop. Pending: it ends at once. Ready: its worker ends it
  // instead of starting it. Running: its context and token say so, and what it
  // returns is kept. Its dependents are skipped, its dependencies run on. Idempotent.
  void Cancel() const { node_->engine().Cancel(*node_, absl::CancelledError("cancelled")); }

  // What the body threw; null when it threw nothing or has not ended. For callers
  // that want to rethrow it.
  std::exception_ptr exception() const { return node_->engine().ExceptionOf(*node_); }

  operator TaskRef() const {  // NOLINT: handles and names mix in dependency lists
    return TaskRef(internal::IntrusivePtr<internal::TaskBase>(node_));
  }

  friend bool operator==(const AnyTask&, const AnyTask&) = default;

  const internal::IntrusivePtr<internal::TaskNode>& node() const { return node_; }

 private:
  internal::IntrusivePtr<internal::TaskNode> node_;
};

// A handle that knows the type of the value.
//
// Thread safety: as AnyTask.
template <class T = void>
class Task : public AnyTask {
 public:
  Task() = default;
  explicit Task(internal::IntrusivePtr<internal::ResultNode<T>> node) : AnyTask(std::move(node)) {}

  // Waits as Wait does and gives the value, without a copy, or the error. The
  // reference is good for as long as a handle to this task lives. Task<void>
  // gives an absl::Status.
  const internal::ResultOf<T>& Get() const {
    return node()->engine().Get(static_cast<internal::ResultNode<T>&>(*node()));
  }

  internal::IntrusivePtr<internal::ResultNode<T>> typed_node() const {
    return internal::IntrusivePtr<internal::ResultNode<T>>(
        static_cast<internal::ResultNode<T>*>(node().get()));
  }
};

// Dependencies that give order but no value. The dependent task is skipped when one
// of them does not complete.
//
// Thread safety: a plain value.
struct AfterTasks {
  std::vector<AnyTask> tasks;
};
template <std::convertible_to<AnyTask>... Tasks>
AfterTasks After(const Tasks&... tasks) {
  return {{AnyTask(tasks)...}};
}
inline AfterTasks After(std::span<const AnyTask> tasks) { return {{tasks.begin(), tasks.end()}}; }
template <class T>
AfterTasks After(std::span<const Task<T>> tasks) {
  return {{tasks.begin(), tasks.end()}};
}
template <class T>
AfterTasks After(const std::vector<Task<T>>& tasks) {
  return {{tasks.begin(), tasks.end()}};
}

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_H_
