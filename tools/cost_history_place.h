// SPDX-License-Identifier: Apache-2.0
//
// Where the command keeps what kinds of tasks have cost, from one run to the next. A history
// is a help: whatever is wrong with it is a warning, and the command goes on.

#ifndef WEFT_TOOLS_COST_HISTORY_PLACE_H_
#define WEFT_TOOLS_COST_HISTORY_PLACE_H_

#include <optional>
#include <string>

#include "weft/scheduler/task_scheduler.h"

namespace weft::tools {

// For SchedulerOptions::history_path; nothing where there is no place (FindStateFile).
std::optional<std::string> FindCostHistory();

// Shuts down the scheduler, which then keeps its history at `path`, in folders that are made
// where they are missing. Reports in one line what was wrong with that, or with reading it.
void KeepCostHistory(TaskScheduler& scheduler, const std::optional<std::string>& path);

}  // namespace weft::tools

#endif  // WEFT_TOOLS_COST_HISTORY_PLACE_H_
