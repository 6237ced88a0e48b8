// SPDX-License-Identifier: Apache-2.0
//
// A second entry, in a higher lane, for a task that lies in a queue where it cannot be found.

#ifndef WEFT_SCHEDULER_INTERNAL_RAISED_ENTRY_H_
#define WEFT_SCHEDULER_INTERNAL_RAISED_ENTRY_H_

#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// The task runs from the entry that comes first; the other one finds it claimed. Each has a pin
// of the task. An entry lies in a cell for a task, has no references, and seems to have ended.
ReadyNode* StepRaised(ReadyNode& node, EngineWorker& worker) noexcept;
inline constexpr NodeOps<StdPlatform> kRaisedOps = {&StepRaised, nullptr, true};

// The task of an entry of either kind.
inline EngineTask& TaskOf(ReadyNode& node) {
  auto& entry = static_cast<EngineTask&>(node);
  return node.ops == &kRaisedOps ? *PayloadAs<EngineTask*>(entry) : entry;
}

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_RAISED_ENTRY_H_
