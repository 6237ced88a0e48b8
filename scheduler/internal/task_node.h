// SPDX-License-Identifier: Apache-2.0
//
// A task as the engine keeps it. Handles, names, successors and the engine share
// it by count; it goes when the last of them does.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_NODE_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_NODE_H_

#include <cstdint>
#include <exception>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/core/cancellation.h"
#include "weft/core/internal/ref_counted.h"
#include "weft/core/internal/task_base.h"
#include "weft/core/task_context.h"
#include "weft/core/task_definition.h"
#include "weft/core/task_result.h"
#include "weft/core/task_state.h"
#include "weft/scheduler/internal/intrusive_list.h"

namespace weft::internal {

class Engine;
class TaskNode;
struct GroupCore;

// What a handle of a task without a value reads, and of one with a value T.
template <class T>
using ResultOf = std::conditional_t<std::is_void_v<T>, absl::Status, absl::StatusOr<T>>;

// Why a task did not complete. Its skipped dependents, however many, share it.
struct RootCause final : RefCounted {
  TaskId id;
  std::string name;
  TaskState state = TaskState::kFailed;
  bool never_submitted = false;  // a name that nobody gave a task
  absl::Status status;
};

struct Dependency {
  IntrusivePtr<TaskNode> task;
  bool run_anyway = false;
};
using Dependencies = absl::InlinedVector<Dependency, 4>;

// What a thread waits for: one task, one group, or (neither set) everything.
struct WaitTarget {
  TaskNode* task = nullptr;
  GroupCore* group = nullptr;
};

// Thread safety: the virtual calls belong to whoever runs or ends the task; all
// state below is guarded by Engine::mu_, except where it says otherwise.
class TaskNode : public TaskBase {
 public:
  explicit TaskNode(IntrusivePtr<Engine> engine);
  ~TaskNode() override;

  Engine& engine() const { return *engine_; }
  const void* owner() const override { return engine_.get(); }
  CancellationToken Token() override;

 private:
  friend class Engine;

  // Runs the body and keeps what it returned. May throw what the body throws.
  virtual absl::Status Invoke(TaskContext& context) = 0;
  // Destroys the callable and what it captured. May throw.
  virtual void DestroyCallable() = 0;
  // Makes `status`, an error, the result that handles read.
  virtual void StoreError(const absl::Status& status) = 0;
  virtual bool has_result() const = 0;

  // Constant after construction.
  const IntrusivePtr<Engine> engine_;

  // Constant once submitted; names are set when a placeholder is made.
  IntrusivePtr<GroupCore> group_;
  std::string name_;
  int priority_ = 0;
  int attempts_ = 0;
  std::optional<TaskTimes> times_;

  TaskState state_ = TaskState::kPending;
  bool submitted_ = false;  // false: only a name that others wait for
  bool ending_ = false;     // somebody has decided how it ends and will end it
  bool active_ = false;     // counted in its group's (and the engine's) active_
  bool blocked_ = false;    // waits, directly or not, for a name never submitted
  std::uint32_t pending_dependencies_ = 0;
  std::uint32_t blocked_dependencies_ = 0;
  Dependencies successors_;  // `task` is the successor, the policy is its own
  absl::InlinedVector<IntrusivePtr<TaskNode>, 2> predecessors_;

  // Written by whoever decided the end, before the state says so.
  TaskState decided_state_ = TaskState::kCompleted;
  IntrusivePtr<RootCause> cause_;
  std::exception_ptr exception_;
  absl::Status cancel_reason_;
  std::unique_ptr<CancellationSource> source_;

  // Scratch of searches: valid while mark_ equals the search's own number.
  std::uint64_t mark_ = 0;
  TaskNode* found_from_ = nullptr;
  const WaitTarget* waiting_for_ = nullptr;  // while its body is inside a Wait

 public:
  ListLink<TaskNode> in_group;  // unfinished tasks of the group
  ListLink<TaskNode> in_queue;  // ready tasks of the group, then tasks being ended
};

using UnfinishedList = IntrusiveList<TaskNode, &TaskNode::in_group>;
using ReadyList = IntrusiveList<TaskNode, &TaskNode::in_queue>;
using EndingList = IntrusiveList<TaskNode, &TaskNode::in_queue>;

// Adds the place where handles read.
template <class T>
class ResultNode : public TaskNode {
 public:
  static_assert(std::is_void_v<T> || std::is_nothrow_destructible_v<T>,
                "a task's value lives until its last handle goes: its destructor must not throw");
  using TaskNode::TaskNode;

  // Requires: the task has ended and has_result().
  const ResultOf<T>& result() const { return *result_; }

  // An error that only this handle's reader sees (the wait could not be done);
  // the same text is kept once. Guarded by the engine's lock.
  const ResultOf<T>& WaitError(const absl::Status& error) {
    for (const ResultOf<T>& known : wait_errors_) {
      if (StatusOf(known) == error) return known;
    }
    return wait_errors_.emplace_front(error);
  }

 protected:
  template <class Value>
  absl::Status StoreResult(Value&& value) {
    result_.emplace(std::forward<Value>(value));
    return StatusOf(*result_);
  }

 private:
  static absl::Status StatusOf(const absl::Status& status) { return status; }
  template <class V>
  static absl::Status StatusOf(const absl::StatusOr<V>& value) {
    return value.status();
  }

  void StoreError(const absl::Status& status) final { result_.emplace(status); }
  bool has_result() const final { return result_.has_value(); }

  std::optional<ResultOf<T>> result_;
  std::forward_list<ResultOf<T>> wait_errors_;
};

// A task given by TaskDefinition, or a name that waits for one.
class NamedNode final : public ResultNode<void> {
 public:
  using ResultNode<void>::ResultNode;
  void set_function(TaskFunction function) { function_ = std::move(function); }

 private:
  absl::Status Invoke(TaskContext& context) override { return StoreResult(function_(context)); }
  void DestroyCallable() override { function_.Reset(); }

  TaskFunction function_;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_NODE_H_
