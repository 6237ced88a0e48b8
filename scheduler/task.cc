// SPDX-License-Identifier: Apache-2.0

#include "weft/scheduler/task.h"

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "weft/core/task_state.h"

namespace weft {

absl::Status AnyTask::Wait() const {
  const absl::Status waited = node_->engine().Wait({.task = node_.get()});
  return waited.ok() ? result().status : waited;
}

bool AnyTask::WaitUntil(absl::Time deadline) const {
  // An error of the wait shows in the state: the task has not ended.
  node_->engine().Wait({.task = node_.get()}, deadline).IgnoreError();
  return IsTerminal(state());
}

}  // namespace weft
