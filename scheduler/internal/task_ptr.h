// SPDX-License-Identifier: Apache-2.0
//
// A task of the engine as others hold it: the references, what its kind can do, and
// what lies in its payload after its end.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_PTR_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_PTR_H_

#include <exception>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/internal/platform.h"
#include "weft/core/task_id.h"
#include "weft/distribution/ready_order.h"
#include "weft/scheduler/internal/node_pool.h"
#include "weft/scheduler/internal/table_room.h"
#include "weft/scheduler/internal/task_node.h"
#include "weft/scheduler/internal/worker.h"

namespace weft::internal {

class Engine;
class GroupCore;

using ReadyNode = Node<StdPlatform>;
using EngineTask = TaskNode<StdPlatform>;
using EngineWorker = Worker<StdPlatform>;
using EnginePool = NodePool<StdPlatform>;

// What a handle of a task without a value reads, and of one with a value T.
template <class T>
using ResultOf = std::conditional_t<std::is_void_v<T>, absl::Status, absl::StatusOr<T>>;

// What a kind of callable does, shared by all tasks of that kind.
struct TaskOps : NodeOps<StdPlatform> {
  // Runs the body of a task that has been claimed, and ends it; gives the reference back
  // that its queue held, where `drop`. Returns what NodeOps::step does.
  ReadyNode* (*run)(EngineTask& task, EngineWorker& worker, bool drop) noexcept;
  // Destroys the body that will not run, or what is left of it. May throw.
  void (*destroy_body)(EngineTask& task);
  // Gives back what holds the body, or the value, of a task that has none of them.
  void (*free_room)(EngineTask& task) noexcept;
  // Of a task that has completed; null for those without a value.
  const void* (*value)(EngineTask& task) noexcept;  // an absl::StatusOr<T>
  void (*destroy_value)(EngineTask& task) noexcept;
  // A ResultOf<T> with an error, for handles to read.
  void* (*make_error)(const absl::Status& error);
  void (*destroy_error)(void* made) noexcept;
  // The same callable with a policy.
  const TaskOps* special;
};

inline Lane LaneIn(TaskWord::Bits word) { return static_cast<Lane>(TaskWord::LaneIn(word)); }

inline const TaskOps& OpsOf(const EngineTask& task) {
  return static_cast<const TaskOps&>(*task.ops);
}

// The payload of a task that has failed or was cancelled.
struct TaskError {
  absl::Status status;
  std::exception_ptr thrown;
};
// Of one that was skipped: why. A counted reference.
struct TaskRoot {
  EngineTask* cause;
};
static_assert(sizeof(TaskError) <= kPayloadSize && sizeof(TaskRoot) <= kPayloadSize);

template <class T>
T& PayloadAs(EngineTask& task) {
  return *std::launder(reinterpret_cast<T*>(task.payload));
}
template <class T>
const T& PayloadAs(const EngineTask& task) {
  return *std::launder(reinterpret_cast<const T*>(task.payload));
}

inline TaskId IdIn(const EngineTask& task) {
  return {.index = EnginePool::IndexOf(task), .generation = task.generation};
}
// The task can be found under it from now on.
inline TaskId IdOf(EngineTask& task) {
  task.List();
  return IdIn(task);
}

// A task whose last reference has gone. Its value's destructor runs here.
void DestroyTask(EngineTask& task) noexcept;

// A counted pointer to a task, of either kind of reference.
//
// Thread safety: like a plain pointer; distinct copies from distinct threads.
template <TaskWord::Bits kReference>
class CountedTask {
 public:
  CountedTask() = default;
  explicit CountedTask(EngineTask* task) : task_(task) {
    if (task_ != nullptr) task_->Add(kReference);
  }
  // Takes over a reference.
  static CountedTask Adopt(EngineTask* task) {
    CountedTask taken;
    taken.task_ = task;
    return taken;
  }
  CountedTask(const CountedTask& other) : CountedTask(other.task_) {}
  CountedTask(CountedTask&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  CountedTask& operator=(CountedTask other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~CountedTask() {
    if (task_ != nullptr && task_->Drop(kReference)) DestroyTask(*task_);
  }

  EngineTask* get() const { return task_; }
  EngineTask& operator*() const { return *task_; }
  EngineTask* operator->() const { return task_; }
  explicit operator bool() const { return task_ != nullptr; }
  EngineTask* Release() { return std::exchange(task_, nullptr); }

  friend bool operator==(const CountedTask& a, const CountedTask& b) { return a.task_ == b.task_; }

 private:
  EngineTask* task_ = nullptr;
};

using TaskPtr = CountedTask<TaskWord::kHandle>;  // may read the value
using TaskPin = CountedTask<TaskWord::kPin>;     // keeps the task, and not its value from others

inline void Unpin(EngineTask& task) { TaskPin::Adopt(&task); }

// What a task is to wait for, and whether it runs however that ends.
//
// Thread safety: a plain value.
struct Dependency {
  EngineTask* task = nullptr;
  bool run_anyway = false;
};

// The tasks that a search has seen, each with one pin: so none goes, and no address comes
// twice.
//
// Thread safety: one thread.
class PinnedTasks {
 public:
  // Throws std::bad_alloc. False: it was kept already.
  bool Keep(EngineTask& task) {
    if (!InsertSafely(tasks_, &task)) return false;
    pins_.emplace_back(&task);
    return true;
  }

 private:
  absl::flat_hash_set<const EngineTask*> tasks_;
  std::vector<TaskPin> pins_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_PTR_H_
