// SPDX-License-Identifier: Apache-2.0
//
// What can be asked about tasks, and the texts of their ends.

#include <exception>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "weft/scheduler/internal/engine.h"

namespace weft::internal {
namespace {

std::string Label(TaskId id, std::string_view name) {
  return name.empty() ? "task " + ToString(id) : "'" + std::string(name) + "'";
}

absl::Status StatusOfSkipped(const RootCause& cause) {
  std::string text = "skipped: dependency " + Label(cause.id, cause.name);
  if (cause.never_submitted) {
    text += " was never submitted";
  } else {
    text += cause.state == TaskState::kCancelled ? " was cancelled: " : " failed: ";
    text += std::string(cause.status.message());
  }
  return absl::Status(cause.status.code(), text);
}

}  // namespace

std::string Engine::NameOf(const TaskNode& task) {
  return task.name_.empty() ? Label(task.id(), "") : task.name_;
}

absl::Status Engine::StatusOf(const TaskNode& task) const {
  if (!IsTerminal(task.state_) || !task.cause_) return absl::OkStatus();
  return task.state_ == TaskState::kSkipped ? StatusOfSkipped(*task.cause_) : task.cause_->status;
}

void Engine::MaterialiseResult(TaskNode& task) {
  if (!task.has_result()) task.StoreError(StatusOf(task));
}

const TaskNode* Engine::UnsubmittedBehind(const TaskNode& task) {
  const TaskNode* at = &task;
  while (at->submitted_) {
    const TaskNode* next = nullptr;
    for (const IntrusivePtr<TaskNode>& predecessor : at->predecessors_) {
      if (predecessor->blocked_) next = predecessor.get();
    }
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

absl::Status Engine::UnresolvedError(const TaskNode& task) {
  const TaskNode* missing = UnsubmittedBehind(task);
  return absl::FailedPreconditionError(
      Label(task.id(), task.name_) + " cannot start: it waits for '" +
      (missing != nullptr ? missing->name_ : std::string()) + "', which was never submitted");
}

TaskResult Engine::Describe(const TaskNode& task) const {
  return {.id = task.id(),
          .name = task.name_,
          .state = task.state_,
          .status = StatusOf(task),
          .attempts = task.attempts_,
          .times = task.times_};
}

TaskState Engine::StateOf(const TaskNode& task) const {
  absl::MutexLock lock(&mu_);
  return task.state_;
}

TaskResult Engine::ResultOfTask(const TaskNode& task) const {
  absl::MutexLock lock(&mu_);
  return Describe(task);
}

std::exception_ptr Engine::ExceptionOf(const TaskNode& task) const {
  absl::MutexLock lock(&mu_);
  return IsTerminal(task.state_) ? task.exception_ : nullptr;
}

namespace {

absl::Status NoSuchTask(TaskId id) {
  return absl::NotFoundError("no task has the id " + ToString(id) + " (any more)");
}

}  // namespace

absl::StatusOr<TaskResult> Engine::Find(TaskId id) const {
  absl::MutexLock lock(&mu_);
  if (id.index >= slots_.size() || slots_[id.index].generation != id.generation ||
      slots_[id.index].task == nullptr) {
    return NoSuchTask(id);
  }
  return Describe(*slots_[id.index].task);
}

absl::StatusOr<IntrusivePtr<TaskNode>> Engine::FindUnfinished(TaskId id) const {
  absl::MutexLock lock(&mu_);
  if (id.index >= slots_.size() || slots_[id.index].generation != id.generation ||
      slots_[id.index].task == nullptr) {
    return NoSuchTask(id);
  }
  TaskNode* task = slots_[id.index].task;
  // An ended task may be on its way out of memory; an unfinished one is held.
  return IsTerminal(task->state_) ? IntrusivePtr<TaskNode>() : IntrusivePtr<TaskNode>(task);
}

absl::StatusOr<IntrusivePtr<NamedNode>> Engine::FindNamed(const GroupCore& group,
                                                          std::string_view name) const {
  absl::MutexLock lock(&mu_);
  const auto found = group.names.find(absl::string_view(name.data(), name.size()));
  if (found == group.names.end() || !static_cast<const TaskNode&>(*found->second).submitted_) {
    return absl::NotFoundError("no task has the name '" + std::string(name) + "' in this group");
  }
  return found->second;
}

}  // namespace weft::internal
