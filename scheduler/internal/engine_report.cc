// SPDX-License-Identifier: Apache-2.0
//
// What can be asked about tasks, and the texts of their ends.

#include <algorithm>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/scheduler/internal/engine.h"
#include "weft/scheduler/internal/exception_status.h"

namespace weft::internal {
namespace {

void Describe(const TaskPolicy& policy, TaskResult& result) {
  result.attempts = policy.begun;
  if (policy.records_times) result.times = policy.times;
  if (policy.retries == nullptr) return;
  try {
    result.failed_attempts = policy.retries->attempts;
  } catch (const std::bad_alloc&) {
    result.failed_attempts.clear();
  }
}

std::string Label(TaskId id, std::string_view name) {
  return name.empty() ? "task " + ToString(id) : "'" + std::string(name) + "'";
}

absl::Status NoSuchTask(TaskId id) {
  return absl::NotFoundError("no task has the id " + ToString(id) + " (any more)");
}

const absl::Status& Ok() {
  static const absl::Status ok;  // no destructor of note
  return ok;
}

}  // namespace

std::string Engine::NameOf(EngineTask& task) {
  const std::string_view name = NameIn(task);
  return name.empty() ? Label(IdOf(task), "") : std::string(name);
}

// Never throws: where there is no memory for the text of a skip, its cause stands alone.
absl::Status Engine::StatusOf(EngineTask& task, Bits word) noexcept {
  if (!TaskWord::Ended(word) || TaskWord::StateIn(word) == TaskState::kCompleted) {
    return absl::OkStatus();
  }
  if (TaskWord::StateIn(word) != TaskState::kSkipped) return PayloadAs<TaskError>(task).status;
  EngineTask& cause = *PayloadAs<TaskRoot>(task).cause;
  const Bits cause_word = cause.word.load(std::memory_order_acquire);
  const absl::Status& why = PayloadAs<TaskError>(cause).status;
  try {
    std::string text = "skipped: dependency " + Label(IdOf(cause), NameIn(cause));
    if ((cause_word & TaskWord::kBareName) != 0) {
      text += " was never submitted";
    } else {
      text +=
          TaskWord::StateIn(cause_word) == TaskState::kCancelled ? " was cancelled: " : " failed: ";
      text += std::string(why.message());
    }
    return absl::Status(why.code(), text);
  } catch (const std::bad_alloc&) {
    return why;
  }
}

// Kept with the task: the same text once.
const void* Engine::MadeError(EngineTask& task, const absl::Status& error) noexcept {
  if (OpsOf(task).make_error == nullptr || Of(task).Forked()) return nullptr;
  try {
    TaskRarities& rarities = Of(task).MakeExtras(task).rarities.Make();
    std::lock_guard lock(rarities.lock);
    for (const TaskRarities::Error& known : rarities.errors) {
      if (known.status == error) return known.made;
    }
    TaskRarities::Error& made = rarities.errors.emplace_front();
    try {
      made.status = error;
      made.made = OpsOf(task).make_error(error);
    } catch (...) {
      rarities.errors.pop_front();
      throw;
    }
    return made.made;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

const void* Engine::EndedResult(EngineTask& task) noexcept {
  const Bits word = task.word.load(std::memory_order_acquire);
  const TaskOps& ops = OpsOf(task);
  const bool has_value = ops.value != nullptr;
  if (TaskWord::StateIn(word) == TaskState::kCompleted) return has_value ? ops.value(task) : &Ok();
  if (ops.make_error == nullptr) return nullptr;
  if (!has_value && TaskWord::StateIn(word) != TaskState::kSkipped) {
    return &PayloadAs<TaskError>(task).status;
  }
  return MadeError(task, StatusOf(task, word));
}

absl::Status Engine::OutcomeOf(EngineTask& task) {
  return StatusOf(task, task.word.load(std::memory_order_acquire));
}

TaskState Engine::StateOf(const EngineTask& task) {
  const Bits word = task.word.load(std::memory_order_acquire);
  if (TaskWord::StateIn(word) != TaskState::kPending) return TaskWord::StateIn(word);
  const bool joined = EnginePool::JoinOf(task).load(std::memory_order_acquire) == 0;
  return joined && (word & TaskWord::kEnding) == 0 ? TaskState::kReady : TaskState::kPending;
}

TaskResult Engine::ResultOfTask(EngineTask& task) {
  const TaskState state = StateOf(task);
  const Bits word = task.word.load(std::memory_order_acquire);
  TaskResult result;
  result.id = IdOf(task);
  result.state = state;
  if (IsTerminal(state)) result.status = StatusOf(task, word);
  result.attempts = (word & TaskWord::kStarted) != 0 ? 1 : 0;
  try {
    result.name = NameIn(task);
  } catch (const std::bad_alloc&) {
    result.name.clear();
  }
  if (TaskRarities* const rarities = RaritiesOf(task)) {
    std::lock_guard lock(rarities->lock);
    if (state == TaskState::kCompleted) result.degraded = rarities->degraded;
    if (const TaskPolicy* const policy = rarities->policy.get()) Describe(*policy, result);
  }
  return result;
}

std::exception_ptr Engine::ExceptionOf(const EngineTask& task) {
  const Bits word = task.word.load(std::memory_order_acquire);
  const TaskState state = TaskWord::StateIn(word);
  if (state != TaskState::kFailed && state != TaskState::kCancelled) return nullptr;
  return PayloadAs<TaskError>(task).thrown;
}

absl::StatusOr<TaskPin> Engine::FindAny(TaskId id) const {
  if (Forked()) return ForkedError();
  ReadyNode* const node = id.valid() ? pool_->NodeOf(id.index, this) : nullptr;
  auto* const task = static_cast<EngineTask*>(node);
  if (task == nullptr || !task->TryPin()) return NoSuchTask(id);
  TaskPin held = TaskPin::Adopt(task);
  if (held->generation != id.generation) return NoSuchTask(id);
  return held;
}

absl::StatusOr<TaskResult> Engine::Find(TaskId id) const {
  absl::StatusOr<TaskPin> task = OrOutOfMemory([&] { return FindAny(id); });
  if (!task.ok()) return task.status();
  return ResultOfTask(**task);
}

absl::StatusOr<TaskPin> Engine::FindUnfinished(TaskId id) const {
  absl::StatusOr<TaskPin> task = OrOutOfMemory([&] { return FindAny(id); });
  if (!task.ok()) return task.status();
  return IsTerminal(StateOf(**task)) ? TaskPin() : *std::move(task);
}

}  // namespace weft::internal
