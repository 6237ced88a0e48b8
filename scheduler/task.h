// SPDX-License-Identifier: Apache-2.0
//
// Handles to submitted tasks.

#ifndef WEFT_SCHEDULER_TASK_H_
#define WEFT_SCHEDULER_TASK_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "weft/core/task_id.h"
#include "weft/core/task_ref.h"
#include "weft/core/task_result.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/task_body.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft {

// One pointer, counted. Dropping a handle never cancels its task; the task's value
// lives until the last handle goes. A default handle refers to nothing: only valid(),
// copying, assignment, and what says InvalidArgument are allowed then.
//
// Thread safety: like a plain pointer: const methods of one handle, and distinct
// copies, from any threads.
class AnyTask {
 public:
  AnyTask() = default;
  explicit AnyTask(internal::TaskPtr node) : node_(std::move(node)) {}

  bool valid() const { return static_cast<bool>(node_); }

  TaskId id() const { return internal::IdOf(*node_); }
  TaskState state() const { return internal::Engine::StateOf(*node_); }
  TaskResult result() const { return internal::Engine::ResultOfTask(*node_); }

  // Blocks until the task has ended; inside a task of the same scheduler, runs what
  // this one waits for meanwhile. A cancel, or the deadline, of the task that calls does not end
  // the wait: cancel what it waits for, or use WaitUntil. Returns the task's status, or:
  //   InvalidArgument: an empty handle.
  //   FailedPrecondition: it waits for a name that was never submitted and nothing
  //     else in its group can run; or it waits for the task that calls.
  //   ResourceExhausted: tasks wait inside tasks more than 1,000 deep on one thread, or its
  //     stack is nearly full; or there is no memory, or no thread that could work meanwhile.
  absl::Status Wait() const;

  // The same, until `deadline`. True once the task has ended.
  bool WaitUntil(absl::Time deadline) const;

  // Asks the task to stop. Pending: it ends at once. Ready: its worker ends it
  // instead of starting it. Running: its context and token say so, and what it
  // returns is kept. Its dependents are skipped, its dependencies run on. Idempotent.
  void Cancel() const { internal::Engine::Of(*node_).Cancel(*node_); }

  // From now on the task goes before others as one that was submitted with this priority, unless
  // its own is higher, and so does what it waits for, directly or not. Nothing when it has begun.
  // Where there is no memory it keeps its place.
  // Cost: O(V + E) of what it waits for; the first time, of all that has not ended.
  void Raise(int priority) const { internal::Engine::Of(*node_).Raise(*node_, LaneOf(priority)); }

  // From now on this task, too, waits for `dependency` to end, and is skipped unless it
  // completes.
  //   FailedPrecondition: this task does not wait for anything any more; or `dependency`
  //     depends on it (with the path)
  //   ResourceExhausted: there is no memory for it
  //   InvalidArgument: an empty handle, this one or the other, or one of another scheduler
  // Cost: O(V + E) of what depends on this task.
  absl::Status AddDependency(const AnyTask& dependency) const;

  // What the body threw; null when it threw nothing or has not ended. For callers
  // that want to rethrow it.
  std::exception_ptr exception() const { return internal::Engine::ExceptionOf(*node_); }

  operator TaskRef() const {  // NOLINT: handles and names mix in dependency lists
    return TaskRef(internal::OpaqueTask(
        node_.get(),
        [](void* task) {
          static_cast<internal::EngineTask*>(task)->Add(internal::TaskWord::kHandle);
        },
        [](void* task) { internal::TaskPtr::Adopt(static_cast<internal::EngineTask*>(task)); }));
  }

  friend bool operator==(const AnyTask&, const AnyTask&) = default;

  const internal::TaskPtr& node() const { return node_; }

 protected:
  internal::TaskPtr node_;
};

// A handle that knows the type of the value.
//
// Thread safety: as AnyTask.
template <class T = void>
class Task : public AnyTask {
 public:
  Task() = default;
  explicit Task(internal::TaskPtr node) : AnyTask(std::move(node)) {}

  // Waits as Wait does and gives the value, without a copy, or the error. The
  // reference is good for as long as a handle to this task lives. Task<void>
  // gives an absl::Status.
  const internal::ResultOf<T>& Get() const {
    return internal::Engine::Of(*node_).template Get<T>(*node_);
  }

  // Waits, and gives the value away: moved where no other handle, and no task that has
  // still to run, can read it; copied otherwise. This handle is empty afterwards.
  //   FailedPrecondition: it would have to be copied, and cannot be
  absl::StatusOr<T> Take() && requires(!std::is_void_v<T>) {
    const Task taken = std::move(*this);
    if (const absl::StatusOr<T>& result = taken.Get(); !result.ok()) return result.status();
    if constexpr (!std::is_copy_constructible_v<T>) {
      if (!internal::SoleOwner(*taken.node_)) {
        return internal::StatusWithText(
            absl::StatusCode::kFailedPrecondition,
            "the value cannot be moved: other handles or tasks can still read it");
      }
    }
    return internal::TakeValue<T>(*taken.node_);
  }

  // For Submit: leaves this handle empty.
  internal::TaskPtr GiveUp() && { return std::move(node_); }
};

namespace internal {

struct AfterTag {};

// A handle that was given up, or where one is that was not: looking at it does not count.
//
// Thread safety: a plain value.
class NamedTask {
 public:
  NamedTask(const AnyTask& task) : seen_(&task) {}        // NOLINT: a list of both kinds
  NamedTask(AnyTask&& task) : owned_(std::move(task)) {}  // NOLINT
  const AnyTask& get() const { return seen_ != nullptr ? *seen_ : owned_; }

 private:
  const AnyTask* seen_ = nullptr;
  AnyTask owned_;
};

inline EngineTask* NodeIn(const AnyTask& task) { return task.node().get(); }
inline EngineTask* NodeIn(const AnyTask* task) { return task == nullptr ? nullptr : NodeIn(*task); }
inline EngineTask* NodeIn(const NamedTask& task) { return NodeIn(task.get()); }

}  // namespace internal

// Dependencies that give order but no value. The dependent task is skipped when one
// of them does not complete. Handles with a name are only looked at: they must live until
// Submit returns.
//
// Thread safety: a plain value.
template <std::size_t kCount>
struct AfterTasks : internal::AfterTag {
  static constexpr bool run_anyway = false;
  std::array<internal::NamedTask, kCount> tasks;
};
template <class... Tasks>
requires(std::convertible_to<Tasks, AnyTask>&&...)
    AfterTasks<sizeof...(Tasks)> After(Tasks&&... tasks) {
  return {{}, {internal::NamedTask(std::forward<Tasks>(tasks))...}};
}

// The same for a range of handles, which is only looked at: it must live until Submit
// returns.
//
// Thread safety: as a std::span.
template <class T>
struct AfterSpan : internal::AfterTag {
  std::span<const T> tasks;
  bool run_anyway = false;
};
inline AfterSpan<AnyTask> After(std::span<const AnyTask> tasks) { return {{}, tasks}; }
inline AfterSpan<const AnyTask*> After(std::span<const AnyTask* const> tasks) {
  return {{}, tasks};
}
inline AfterSpan<AnyTask> After(const std::vector<AnyTask>& tasks) { return {{}, tasks}; }
template <class T>
AfterSpan<Task<T>> After(std::span<const Task<T>> tasks) {
  return {{}, tasks};
}
template <class T>
AfterSpan<Task<T>> After(const std::vector<Task<T>>& tasks) {
  return {{}, tasks};
}

// The dependent task runs once all have ended, however they did.
template <class T>
AfterSpan<T> AfterEndOf(std::span<const T> tasks) {
  return {{}, tasks, true};
}
template <class T>
AfterSpan<T> AfterEndOf(const std::vector<T>& tasks) {
  return {{}, tasks, true};
}

namespace internal {

// As AfterEndOf, of handles that the caller gave up: they are gone before the task can run.
template <class T>
struct AfterGiven : AfterTag {
  static constexpr bool run_anyway = true;
  std::vector<Task<T>> tasks;
};

}  // namespace internal

// Blocks as AnyTask::Wait does until all have ended, or until `deadline`. True: they have.
// Requires: no empty handle is among them.
bool WaitForAll(std::span<const AnyTask> tasks, absl::Time deadline = absl::InfiniteFuture());

}  // namespace weft

#endif  // WEFT_SCHEDULER_TASK_H_
