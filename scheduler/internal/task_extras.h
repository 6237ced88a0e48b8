// SPDX-License-Identifier: Apache-2.0
//
// What few tasks have: a name, times, a token, an error that was read.

#ifndef WEFT_SCHEDULER_INTERNAL_TASK_EXTRAS_H_
#define WEFT_SCHEDULER_INTERNAL_TASK_EXTRAS_H_

#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>

#include "absl/status/status.h"

#include "weft/core/cancellation.h"
#include "weft/core/internal/platform.h"
#include "weft/core/task_result.h"
#include "weft/scheduler/internal/task_ptr.h"

namespace weft::internal {

// Belongs to its task, and goes with it.
//
// Thread safety: `edges` as TaskNode::edges; `name` is constant; the others are guarded
// by `lock`.
struct TaskExtras {
  // A result that handles read, made when it was first asked for.
  struct Error {
    absl::Status status;
    void* made = nullptr;
  };

  std::uintptr_t edges = 0;
  std::string name;
  mutable StdPlatform::Lock lock;
  std::optional<CancellationSource> source;
  std::optional<TaskTimes> times;
  TaskPin continuation;                     // the task that its successors wait for instead
  EdgeBlock<StdPlatform>* spare = nullptr;  // room for handing them over
  std::forward_list<Error> errors;
};

}  // namespace weft::internal

#endif  // WEFT_SCHEDULER_INTERNAL_TASK_EXTRAS_H_
