// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/task.h"

#include <cassert>
#include <span>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/task_state.h"

namespace weft {

absl::Status AnyTask::Wait() const {
  if (!valid()) {
    return internal::StatusWithText(absl::StatusCode::kInvalidArgument,
                                    "an empty handle has no task to wait for");
  }
  const absl::Status waited = internal::Engine::Of(*node_).Wait({.task = node_.get()});
  return waited.ok() ? internal::Engine::OutcomeOf(*node_) : waited;
}

bool AnyTask::WaitUntil(absl::Time deadline) const {
  // An error of the wait shows in the state: the task has not ended.
  internal::Engine::Of(*node_).Wait({.task = node_.get()}, deadline).IgnoreError();
  return IsTerminal(state());
}

bool WaitForAll(std::span<const AnyTask> tasks, absl::Time deadline) {
  for (const AnyTask& task : tasks) {
    assert(task.valid());
    if (!task.WaitUntil(deadline)) return false;
  }
  return true;
}

absl::Status AnyTask::AddDependency(const AnyTask& dependency) const {
  return internal::OrOutOfMemory([&] {
    if (!valid()) return absl::InvalidArgumentError("an empty handle takes no dependency");
    if (!dependency.valid()) return absl::InvalidArgumentError("the dependency is an empty handle");
    return internal::Engine::Of(*node_).AddDependency(*node_, *dependency.node_);
  });
}

}  // namespace weft
