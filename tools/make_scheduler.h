// SPDX-License-Identifier: Apache-2.0
//
// The scheduler of a command, with as many workers as this machine lets us use.

#ifndef WEFT_TOOLS_MAKE_SCHEDULER_H_
#define WEFT_TOOLS_MAKE_SCHEDULER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "weft/core/parallel_processing_config.h"
#include "weft/scheduler/task_scheduler.h"

namespace weft::tools {

// Reports each source of a limit that made no sense, and goes on without it.
// Errors: those of TaskScheduler::Create.
// Null `observer`: nobody observes. `history_path` as in SchedulerOptions.
absl::StatusOr<std::unique_ptr<TaskScheduler>> MakeScheduler(ParallelProcessingConfig config,
                                                             TaskObserver* observer = nullptr,
                                                             std::string history_path = {});

}  // namespace weft::tools

#endif  // WEFT_TOOLS_MAKE_SCHEDULER_H_
