// SPDX-License-Identifier: Apache-2.0
//
// No threads at all: bodies run in the thread that waits, in strict order.

#ifndef WEFT_SCHEDULER_INLINE_EXECUTOR_H_
#define WEFT_SCHEDULER_INLINE_EXECUTOR_H_

#include "weft/scheduler/task_executor.h"

namespace weft {

// What `parallel = false` means: the same results as the pool, one task after
// the other, in the order of TaskQueue.
//
// Thread safety: as TaskExecutor.
class InlineExecutor final : public TaskExecutor {
 public:
  int width() const override { return 1; }
  bool drains_in_wait() const override { return true; }
  void Start(WorkSource*) override {}
  bool StartPump(int) noexcept override { return false; }
  void Stop() override {}
};

}  // namespace weft

#endif  // WEFT_SCHEDULER_INLINE_EXECUTOR_H_
