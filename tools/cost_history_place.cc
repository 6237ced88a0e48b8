// SPDX-License-Identifier: Apache-2.0

#include "weft/tools/cost_history_place.h"

#include <optional>
#include <string>

#include "absl/status/status.h"

#include "weft/scheduler/task_scheduler.h"
#include "weft/sync/terminal_text.h"
#include "weft/tools/report.h"
#include "weft/tools/state_path.h"

namespace weft::tools {
namespace {

absl::Status Keep(TaskScheduler& scheduler, const std::optional<std::string>& path) {
  if (!path.has_value()) {
    return absl::NotFoundError("neither XDG_STATE_HOME nor HOME names a folder");
  }
  const absl::Status folders = MakeFoldersAbove(*path);
  const absl::Status ended = scheduler.Shutdown();
  if (!folders.ok()) return folders;
  return ended.ok() ? scheduler.history_status() : ended;
}

}  // namespace

std::optional<std::string> FindCostHistory() { return FindStateFile("costs"); }

void KeepCostHistory(TaskScheduler& scheduler, const std::optional<std::string>& path) {
  const absl::Status kept = Keep(scheduler, path);
  if (kept.ok()) return;
  // What is damaged has been replaced.
  const char* const what = absl::IsDataLoss(kept) ? "warning: what tasks have cost is forgotten: "
                                                  : "warning: what tasks cost is not remembered: ";
  // Of a file that is none of ours: it comes again with each run.
  const char* const way_out =
      absl::IsFailedPrecondition(kept) ? "; remove it, or use --no-history" : "";
  Report(what + MakePrintable(std::string(kept.message())) + way_out);
}

}  // namespace weft::tools
